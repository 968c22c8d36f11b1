// SPDX-License-Identifier: Apache-2.0
/// \file
/// Text files line by line, with any program's line ends.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The lines of a text without their ends (LF or CRLF) and without a byte order mark before the first. Fails, naming `name` and
/// the line, on anything that is not text: UTF-16, which spreadsheets call Unicode, or a byte of zero. With `utf8`, a line that
/// is not UTF-8 fails, too.
std::vector<std::string> lines_of(std::string_view text, const std::string& name, bool utf8 = false);
/// The same of a file.
std::vector<std::string> read_lines(const std::filesystem::path& path, bool utf8 = false);

/// Text that is not UTF-8 as a message shows it, with other bytes in hexadecimal: `K\xe4fer`.
std::string escaped(std::string_view text);

}  // namespace fovea
