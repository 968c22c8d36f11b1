// SPDX-License-Identifier: Apache-2.0
/// \file
/// Lines of CSV, as RFC 4180 defines them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The cells of a line, without their quotes. Fails on a quote that is not closed; the message begins with `where`.
std::vector<std::string> csv_cells(std::string_view line, const std::string& where);

/// The text as a cell: in quotes where it needs them.
std::string csv_cell(std::string_view text);

}  // namespace fovea
