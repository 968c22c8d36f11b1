// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them, and text as everyone can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fovea {

std::string with_separators(int64_t number);  // 1,513,514
std::string bytes_text(int64_t bytes);        // "12.3 MB"
std::string count_text(double count);         // "12.3 G"

bool is_utf8(std::string_view text);
// The text with U+FFFD in place of each piece that is not UTF-8 (the longest beginnings of letters, as Unicode recommends).
std::string utf8_of(std::string_view text);
// At most `letters` letters, the last one an ellipsis when something was cut off. Letters are UTF-8 code points.
std::string shorten(std::string_view text, size_t letters);

}  // namespace fovea
