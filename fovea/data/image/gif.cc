// SPDX-License-Identifier: Apache-2.0
// The first image of a GIF, read by gif_format.h, which programs for devices share.
#include <memory>

#include "fovea/core/error.h"
#include "fovea/data/image/codec.h"
#include "fovea/data/image/gif_format.h"

namespace fovea {
namespace {

fovea_gif open_gif(std::span<const std::byte> bytes, const std::string& name) {
  fovea_gif gif;
  if (const char* problem = fovea_gif_open(&gif, start_of(bytes), bytes.size()))
    fail(ErrorCode::data_loss, "{}: damaged GIF: {}", name, problem);
  check_pixels("GIF", gif.height, gif.width, name);
  return gif;
}

}  // namespace

bool is_gif(std::span<const std::byte> bytes) { return fovea_is_gif(start_of(bytes), bytes.size()) != 0; }

ImageShape gif_shape(std::span<const std::byte> bytes, const std::string& name) {
  const fovea_gif gif = open_gif(bytes, name);
  return {gif.height, gif.width, 3};
}

Image decode_gif(std::span<const std::byte> bytes, const std::string& name) {
  const fovea_gif gif = open_gif(bytes, name);
  Image image({gif.height, gif.width, 3});
  const auto words = std::make_unique<fovea_gif_words>();
  if (const char* problem = fovea_gif_pixels(&gif, start_of(bytes), bytes.size(), image.pixels.data(), words.get())) {
    fail(ErrorCode::data_loss, "{}: damaged GIF: {}", name, problem);
  }
  return image;
}

}  // namespace fovea
