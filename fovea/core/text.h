// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers as people read them, and text that is valid UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fovea {

std::string with_separators(int64_t number);  ///< "1,513,514"
std::string bytes_text(int64_t bytes);        ///< Bytes with a decimal prefix: "12.3 MB".
std::string count_text(double count);         ///< A count with a decimal prefix: "12.3 G".

/// "2%" or "0.02" as a share, 0.02; nullopt for text that is neither. May be negative, above 1 or not finite.
std::optional<double> share_in(std::string_view text);

/// Whether the whole text is valid UTF-8.
bool is_utf8(std::string_view text);
/// The text with U+FFFD in place of each piece that is not UTF-8, a piece being the longest beginning of a character, as the
/// Unicode standard recommends.
std::string utf8_of(std::string_view text);
/// The text cut to at most `letters` letters. Where something was cut off, the last letter is an ellipsis. A letter is one
/// UTF-8 code point.
std::string shorten(std::string_view text, size_t letters);

}  // namespace fovea
