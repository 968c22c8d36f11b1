#include <webp/decode.h>

#include <cstring>

#include "fovea/core/error.h"
#include "fovea/data/codec.h"

namespace fovea {
namespace {

const uint8_t* start(std::span<const std::byte> bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

// libwebp is content with what stands before the end of a file that was cut off in a chunk it does not need.
void check_complete(std::span<const std::byte> bytes, const std::string& name) {
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 4, sizeof length);
  if (uint64_t{length} + 8 > bytes.size()) {
    fail("{}: truncated WebP: its header says {} bytes, the file has {}", name, uint64_t{length} + 8, bytes.size());
  }
}

WebPBitstreamFeatures features_of(std::span<const std::byte> bytes, const std::string& name) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(start(bytes), bytes.size(), &features) != VP8_STATUS_OK) fail("{}: damaged WebP header", name);
  if (features.has_animation != 0) fail("{}: an animated WebP; a single picture was expected", name);
  check_pixels("WebP", features.height, features.width, name);
  return features;
}

}  // namespace

bool is_webp(std::span<const std::byte> bytes) {
  return bytes.size() >= 12 && std::memcmp(bytes.data(), "RIFF", 4) == 0 && std::memcmp(bytes.data() + 8, "WEBP", 4) == 0;
}

ImageShape webp_shape(std::span<const std::byte> bytes, const std::string& name) {
  const WebPBitstreamFeatures features = features_of(bytes, name);
  return {features.height, features.width, 3};
}

Image decode_webp(std::span<const std::byte> bytes, const std::string& name) {
  const WebPBitstreamFeatures features = features_of(bytes, name);
  check_complete(bytes, name);
  Image image({features.height, features.width, 3});
  if (features.has_alpha == 0) {
    const auto* end =
        WebPDecodeRGBInto(start(bytes), bytes.size(), image.pixels.data(), image.pixels.size(), features.width * 3);
    if (end == nullptr) fail("{}: damaged WebP", name);
    return image;
  }
  std::vector<uint8_t> pixels(static_cast<size_t>(image.shape.height * image.shape.width * 4));
  if (WebPDecodeRGBAInto(start(bytes), bytes.size(), pixels.data(), pixels.size(), features.width * 4) == nullptr) {
    fail("{}: damaged WebP", name);
  }
  for (size_t i = 0; i < pixels.size() / 4; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<uint8_t>((pixels[4 * i + c] * pixels[4 * i + 3] + 127) / 255);  // over black
    }
  }
  return image;
}

}  // namespace fovea
