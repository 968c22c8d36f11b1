// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
// jpeglib.h needs size_t and FILE, so it comes last.
#include <jerror.h>
#include <jpeglib.h>

#include "fovea/core/error.h"
#include "fovea/data/image/codec.h"

namespace fovea {
namespace {

// libjpeg's own reaction to an error is exit(). This one writes its message and jumps back to decode().
struct ErrorManager : jpeg_error_mgr {
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void jump_back(j_common_ptr codec) {
  auto* manager = static_cast<ErrorManager*>(codec->err);
  manager->format_message(codec, manager->message);
  std::longjmp(manager->back, 1);
}

// Level -1 is a warning about corrupt data, which libjpeg would fill with gray. Some of the messages are about unusual headers
// that change no pixel; cameras write them.
void judge_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  static constexpr int odd[] = {JWRN_EXTRANEOUS_DATA, JWRN_ADOBE_XFORM,       JWRN_JFIF_MAJOR,
                                JWRN_NOT_SEQUENTIAL,  JWRN_BOGUS_PROGRESSION, JWRN_BOGUS_ICC};
  if (std::find(std::begin(odd), std::end(odd), codec->err->msg_code) == std::end(odd)) jump_back(codec);
}

// CMYK is stored inverted, as Adobe stores it: 255 is no ink, so that the product of two values is the remaining light.
void from_inverted_cmyk(const uint8_t* row, uint8_t* pixels, int64_t width) {
  for (int64_t x = 0; x < width; ++x) {
    for (int64_t c = 0; c < 3; ++c) pixels[3 * x + c] = fovea_over_black(row[4 * x + c], row[4 * x + 3]);
  }
}

// What one call asks of libjpeg, and its results. All of it belongs to the caller, because decode() may jump.
struct Request {
  std::span<const std::byte> bytes;
  bool header_only = false;
  bool whole = true;
  Region region;           // in pixels of the image, unless whole
  int64_t reduction = 1;   // 1, 2, 4 or 8
  bool to_the_end = true;  // whether what is below the region is decoded, too, to notice errors
  Image* image = nullptr;
  std::vector<uint8_t> row;
  int64_t top = 0, left = 0;  // position of the result, in pixels of the reduced image
};

// Rows [top, bottom) and columns [left, right) of the reduced image that contain the region.
struct Window {
  JDIMENSION top, bottom, left, width;
};

Window window_of(const jpeg_decompress_struct& codec, const Request& request) {
  if (request.whole) return {0, codec.output_height, 0, codec.output_width};
  const auto low = [&](int64_t position) { return static_cast<JDIMENSION>(position / request.reduction); };
  const auto high = [&](int64_t position, JDIMENSION extent) {
    return std::min(extent, static_cast<JDIMENSION>((position + request.reduction - 1) / request.reduction));
  };
  const JDIMENSION left = low(request.region.left);
  const JDIMENSION right = high(request.region.left + request.region.width, codec.output_width);
  return {low(request.region.top), high(request.region.top + request.region.height, codec.output_height), left, right - left};
}

void read_rows(jpeg_decompress_struct& codec, Request& request, const Window& window, JDIMENSION left, bool four) {
  const int64_t width = window.width;
  const int64_t skipped = int64_t{window.left} - left;
  const bool direct = !four && codec.output_width == window.width;
  while (codec.output_scanline < window.bottom) {
    uint8_t* pixels = request.image->pixels.data() + int64_t{codec.output_scanline - window.top} * width * 3;
    JSAMPROW target = direct ? pixels : request.row.data();
    if (jpeg_read_scanlines(&codec, &target, 1) != 1 || direct) continue;
    if (!four) {
      std::memcpy(pixels, request.row.data() + skipped * 3, static_cast<size_t>(width * 3));
      continue;
    }
    from_inverted_cmyk(request.row.data() + skipped * 4, pixels, width);
  }
}

// Everything that can jump is in a function without destructors.
bool decode(jpeg_decompress_struct& codec, ErrorManager& errors, Request& request) {
  if (setjmp(errors.back) != 0) return false;
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(request.bytes.data()),
               static_cast<unsigned long>(request.bytes.size()));
  jpeg_read_header(&codec, TRUE);
  if (int64_t{codec.image_width} * codec.image_height > FOVEA_MOST_PIXELS) return false;
  if (request.header_only) return true;
  const bool four = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  codec.out_color_space = four ? JCS_CMYK : JCS_RGB;
  codec.dct_method = JDCT_ISLOW;  // gives the same bits on every processor
  codec.scale_num = 1;
  codec.scale_denom = static_cast<unsigned>(request.reduction);
  jpeg_start_decompress(&codec);
  const JDIMENSION full_width = codec.output_width;
  const Window window = window_of(codec, request);
  JDIMENSION left = window.left > 0 ? window.left - 1 : 0;  // upsampling of colors reads one column further
  if (window.width < full_width) {
    JDIMENSION width = std::min(full_width, window.left + window.width + 1) - left;
    jpeg_crop_scanline(&codec, &left, &width);
  }
  request.top = window.top;
  request.left = window.left;
  request.image->shape = {int64_t{window.bottom} - window.top, window.width, 3};
  request.image->pixels.resize(static_cast<size_t>(request.image->shape.size()));
  request.row.resize(4 * size_t{full_width});
  if (window.top > 0) jpeg_skip_scanlines(&codec, window.top);
  read_rows(codec, request, window, left, four);
  if (!request.to_the_end) return true;
  if (codec.output_scanline < codec.output_height) jpeg_skip_scanlines(&codec, codec.output_height - codec.output_scanline);
  jpeg_finish_decompress(&codec);
  return true;
}

// Runs the request and returns the size of the image.
ImageShape run(Request& request, const std::string& name) {
  jpeg_decompress_struct codec{};
  ErrorManager errors;
  codec.err = jpeg_std_error(&errors);
  errors.error_exit = jump_back;
  errors.emit_message = judge_message;
  const bool decoded = decode(codec, errors, request);
  const ImageShape shape{codec.image_height, codec.image_width, 3};
  jpeg_destroy_decompress(&codec);
  if (decoded) return shape;
  if (errors.message[0] != '\0') fail(ErrorCode::data_loss, "{}: damaged JPEG: {}", name, errors.message);
  check_pixels("JPEG", shape.height, shape.width, name);
  fail(ErrorCode::data_loss, "{}: damaged JPEG", name);
}

// A truncated file does not end in the marker for the end of an image.
bool ends_whole(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[bytes.size() - 2] == std::byte{0xff} && bytes[bytes.size() - 1] == std::byte{0xd9};
}

}  // namespace

bool is_jpeg(std::span<const std::byte> bytes) { return fovea_is_jpeg(start_of(bytes), bytes.size()) != 0; }

ImageShape jpeg_shape(std::span<const std::byte> bytes, const std::string& name) {
  Request request{.bytes = bytes, .header_only = true};
  return run(request, name);
}

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  Image image;
  Request request{.bytes = bytes, .image = &image};
  run(request, name);
  return image;
}

void decode_jpeg_region(Excerpt& excerpt, std::span<const std::byte> bytes, const std::string& name, const Region& region,
                        int64_t height, int64_t width) {
  int64_t reduction = 1;
  while (reduction < 8 && height > 0 && width > 0 && region.height >= height * reduction * 2 &&
         region.width >= width * reduction * 2) {
    reduction *= 2;
  }
  Request request{.bytes = bytes,
                  .whole = false,
                  .region = region,
                  .reduction = reduction,
                  .to_the_end = !ends_whole(bytes),
                  .image = &excerpt.image};
  run(request, name);
  const auto scaled = [&](int64_t position) { return static_cast<double>(position) / static_cast<double>(reduction); };
  excerpt.top = scaled(region.top) - static_cast<double>(request.top);
  excerpt.left = scaled(region.left) - static_cast<double>(request.left);
  excerpt.height = scaled(region.height);
  excerpt.width = scaled(region.width);
}

}  // namespace fovea
