// SPDX-License-Identifier: Apache-2.0
// Windows bitmaps, read by bmp_format.h, which programs for devices share.
#include "fovea/core/error.h"
#include "fovea/data/image/bmp_format.h"
#include "fovea/data/image/codec.h"

namespace fovea {
namespace {

fovea_bmp open_bmp(std::span<const std::byte> bytes, const std::string& name) {
  fovea_bmp bmp;
  if (const char* problem = fovea_bmp_open(&bmp, start_of(bytes), bytes.size()))
    fail(ErrorCode::data_loss, "{}: damaged BMP: {}", name, problem);
  check_pixels("BMP", bmp.height, bmp.width, name);
  return bmp;
}

}  // namespace

bool is_bmp(std::span<const std::byte> bytes) { return fovea_is_bmp(start_of(bytes), bytes.size()) != 0; }

ImageShape bmp_shape(std::span<const std::byte> bytes, const std::string& name) {
  const fovea_bmp bmp = open_bmp(bytes, name);
  return {bmp.height, bmp.width, 3};
}

Image decode_bmp(std::span<const std::byte> bytes, const std::string& name) {
  const fovea_bmp bmp = open_bmp(bytes, name);
  if (bmp.runs == 0 && fovea_bmp_stride(&bmp) > bytes.size() / static_cast<size_t>(bmp.height)) {
    fail(ErrorCode::data_loss, "{}: damaged BMP: it ends before its last pixel",
         name);  // checked before the memory for the pixels is allocated
  }
  Image image({bmp.height, bmp.width, 3});
  if (const char* problem = fovea_bmp_pixels(&bmp, start_of(bytes), bytes.size(), image.pixels.data())) {
    fail(ErrorCode::data_loss, "{}: damaged BMP: {}", name, problem);
  }
  return image;
}

}  // namespace fovea
