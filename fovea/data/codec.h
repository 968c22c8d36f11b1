// The two picture formats behind decode_image(). Both give 3 channels and report errors by fail(), naming the picture.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "fovea/data/image.h"

namespace fovea {

// A picture beyond this many pixels is taken for a damaged header.
inline constexpr int64_t most_pixels = int64_t{1} << 27;

bool is_png(std::span<const std::byte> bytes);
bool is_jpeg(std::span<const std::byte> bytes);
Image decode_png(std::span<const std::byte> bytes, const std::string& name);
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

}  // namespace fovea
