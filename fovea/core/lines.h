// SPDX-License-Identifier: Apache-2.0
// Text files as people's programs write them, line by line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// The lines of a text without their ends, be these Unix's or Windows's, and without a byte order mark before the first. Fails
// with `name` on what is no UTF-8 text: UTF-16, which spreadsheets call Unicode, or a byte of zero. `utf8`: any other byte that
// is no UTF-8 is refused, too, with its line.
std::vector<std::string> lines_of(std::string_view text, const std::string& name, bool utf8 = false);
std::vector<std::string> read_lines(const std::filesystem::path& path, bool utf8 = false);

// Text that is no UTF-8 as a message shows it: K\xe4fer.
std::string escaped(std::string_view text);

}  // namespace fovea
