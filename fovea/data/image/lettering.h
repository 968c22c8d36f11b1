// SPDX-License-Identifier: Apache-2.0
/// \file
/// Draws lines of text into images, such as the names on a contact sheet.
#pragma once

#include <cstdint>
#include <string>

#include "fovea/data/image/image.h"

namespace fovea {

/// The height of a line of text in pixels.
inline constexpr int64_t lettering_height = 24;

/// The width of a line of UTF-8 text in pixels. Letters with accents are drawn without them, and other letters that ASCII lacks
/// as question marks.
int64_t lettering_width(const std::string& text);

/// Draws a line of UTF-8 text with the upper left corner at (top, left), and all channels set to `level`. What is outside the
/// image is cut off.
void draw_lettering(Image& image, int64_t top, int64_t left, const std::string& text, uint8_t level);

}  // namespace fovea
