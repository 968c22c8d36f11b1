// SPDX-License-Identifier: Apache-2.0
// Words in pictures: names on a contact sheet.
#pragma once

#include <cstdint>
#include <string>

#include "fovea/data/image/image.h"

namespace fovea {

/// Pixels that a line of lettering is high.
inline constexpr int64_t lettering_height = 24;

/// Pixels that `text` is wide. UTF-8; letters with accents are drawn without them, others that ASCII lacks as question marks.
int64_t lettering_width(const std::string& text);

/// Writes `text` in `level` of all channels, its upper left corner at (top, left); what leaves the image is cut off.
void draw_lettering(Image& image, int64_t top, int64_t left, const std::string& text, uint8_t level);

}  // namespace fovea
