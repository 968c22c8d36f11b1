// SPDX-License-Identifier: Apache-2.0
// The cells of a line of CSV, as RFC 4180 has them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// Throws Error, with `where` in front, on a quote that is not closed.
std::vector<std::string> csv_cells(std::string_view line, const std::string& where);

}  // namespace fovea
