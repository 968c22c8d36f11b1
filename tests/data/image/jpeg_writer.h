// SPDX-License-Identifier: Apache-2.0
// Writes JPEGs for tests with libjpeg.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
// jpeglib.h needs size_t and FILE, so it comes last.
#include <jpeglib.h>

#include "fovea/data/image/image.h"

namespace fovea {

inline std::string encode_jpeg(const uint8_t* pixels, int64_t height, int64_t width, int components, J_COLOR_SPACE space) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors;
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &memory, &size);
  codec.image_width = static_cast<JDIMENSION>(width);
  codec.image_height = static_cast<JDIMENSION>(height);
  codec.input_components = components;
  codec.in_color_space = space;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, 100, TRUE);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    auto* row = const_cast<uint8_t*>(pixels + codec.next_scanline * width * components);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  std::string bytes(reinterpret_cast<char*>(memory), size);
  std::free(memory);
  return bytes;
}

inline std::string jpeg_of(const Image& image) {
  return encode_jpeg(image.pixels.data(), image.shape.height, image.shape.width, 3, JCS_RGB);
}

}  // namespace fovea
