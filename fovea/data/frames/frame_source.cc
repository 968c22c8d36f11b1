// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/frames/frame_source.h"

#include "fovea/core/error.h"
#include "fovea/data/image/codec.h"
#include "fovea/data/image/pixel_arithmetic.h"

namespace fovea {

fovea_frame_format frame_format_named(const std::string& text) {
  fovea_frame_format format{};
  if (const char* wanted = fovea_read_frame_format(text.c_str(), &format)) refuse("frames of \"{}\": wanted {}", text, wanted);
  return format;
}

std::string text_of(const fovea_frame_format& format) {
  const char* pixels = fovea_pixels_name(format.pixels);
  return format.width == 0 ? pixels : fmt::format("{}:{}x{}", pixels, format.width, format.height);
}

Image image_of(const Frame& frame, const std::string& name, int64_t channels) {
  // Cameras write no EXIF data, and a stream has one orientation.
  if (frame.format.pixels == fovea_mjpeg_pixels) return decode_image(frame.bytes, name, channels, Orientation::stored);
  Image color({frame.format.height, frame.format.width, 3});
  fovea_frame_colors(&frame.format, start_of(frame.bytes), frame.stride, color.pixels.data());
  if (channels == 3) return color;
  Image gray({frame.format.height, frame.format.width, 1});
  for (size_t i = 0; i < gray.pixels.size(); ++i) gray.pixels[i] = fovea_luma(&color.pixels[3 * i]);
  return gray;
}

}  // namespace fovea
