// SPDX-License-Identifier: Apache-2.0
// WebP, read by libwebp. The first image of an animation is taken, on its canvas.
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "fovea/core/error.h"
#include "fovea/data/image/codec.h"

namespace fovea {
namespace {

// libwebp accepts a file that was truncated within a chunk that it does not need.
void check_complete(std::span<const std::byte> bytes, const std::string& name) {
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 4, sizeof length);
  if (uint64_t{length} + 8 > bytes.size()) {
    fail(ErrorCode::data_loss, "{}: truncated WebP: its header says {} bytes, the file has {}", name, uint64_t{length} + 8,
         bytes.size());
  }
}

WebPBitstreamFeatures features_of(std::span<const std::byte> bytes, const std::string& name) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(start_of(bytes), bytes.size(), &features) != VP8_STATUS_OK)
    fail(ErrorCode::data_loss, "{}: damaged WebP header", name);
  check_pixels("WebP", features.height, features.width, name);
  return features;
}

Image decode_first(std::span<const std::byte> bytes, const std::string& name) {
  WebPAnimDecoderOptions options;
  WebPAnimDecoderOptionsInit(&options);
  const WebPData data{start_of(bytes), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                             WebPAnimDecoderDelete);
  WebPAnimInfo info;
  uint8_t* pixels = nullptr;
  int moment = 0;
  if (!decoder || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      WebPAnimDecoderGetNext(decoder.get(), &pixels, &moment) == 0) {
    fail(ErrorCode::data_loss, "{}: damaged WebP: its first picture cannot be read", name);
  }
  return over_black(pixels, int64_t{4} * info.canvas_width, info.canvas_height, info.canvas_width);
}

}  // namespace

bool is_webp(std::span<const std::byte> bytes) { return fovea_is_webp(start_of(bytes), bytes.size()) != 0; }

ImageShape webp_shape(std::span<const std::byte> bytes, const std::string& name) {
  const WebPBitstreamFeatures features = features_of(bytes, name);
  return {features.height, features.width, 3};
}

Image decode_webp(std::span<const std::byte> bytes, const std::string& name) {
  const WebPBitstreamFeatures features = features_of(bytes, name);
  check_complete(bytes, name);
  if (features.has_animation != 0) return decode_first(bytes, name);
  if (features.has_alpha == 0) {
    Image image({features.height, features.width, 3});
    const auto* end =
        WebPDecodeRGBInto(start_of(bytes), bytes.size(), image.pixels.data(), image.pixels.size(), features.width * 3);
    if (end == nullptr) fail(ErrorCode::data_loss, "{}: damaged WebP", name);
    return image;
  }
  std::vector<uint8_t> pixels(static_cast<size_t>(features.height) * static_cast<size_t>(features.width) * 4);
  if (WebPDecodeRGBAInto(start_of(bytes), bytes.size(), pixels.data(), pixels.size(), features.width * 4) == nullptr) {
    fail(ErrorCode::data_loss, "{}: damaged WebP", name);
  }
  return over_black(pixels.data(), int64_t{4} * features.width, features.height, features.width);
}

}  // namespace fovea
