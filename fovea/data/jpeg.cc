#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE before it.
#include <jerror.h>
#include <jpeglib.h>

#include "fovea/core/error.h"
#include "fovea/data/codec.h"

namespace fovea {
namespace {

// libjpeg's own answer to an error is exit(). Here it writes its message and jumps back to decode().
struct ErrorManager : jpeg_error_mgr {
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void jump_back(j_common_ptr codec) {
  auto* manager = static_cast<ErrorManager*>(codec->err);
  manager->format_message(codec, manager->message);
  std::longjmp(manager->back, 1);
}

// Level -1 is damage that libjpeg would paint over with gray. A few common ones change no pixel.
void judge_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  const int code = codec->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR) return;
  jump_back(codec);
}

// Adobe's CMYK is stored inverted: 255 is no ink, so that a product of shares is the light left.
void from_inverted_cmyk(const uint8_t* row, uint8_t* pixels, int64_t width) {
  for (int64_t x = 0; x < width; ++x) {
    for (int64_t c = 0; c < 3; ++c) pixels[3 * x + c] = static_cast<uint8_t>((row[4 * x + c] * row[4 * x + 3] + 127) / 255);
  }
}

void invert(uint8_t* row, int64_t size) {
  for (int64_t i = 0; i < size; ++i) row[i] = static_cast<uint8_t>(255 - row[i]);
}

// All that can jump, in a frame without destructors. `image` and `row` belong to the caller.
bool decode(std::span<const std::byte> bytes, jpeg_decompress_struct& codec, ErrorManager& errors, Image& image,
            std::vector<uint8_t>& row) {
  if (setjmp(errors.back) != 0) return false;
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&codec, TRUE);
  if (int64_t{codec.image_width} * codec.image_height > most_pixels) return false;
  const bool four = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  codec.out_color_space = four ? JCS_CMYK : JCS_RGB;
  codec.dct_method = JDCT_ISLOW;  // exact to the last bit on every processor
  jpeg_start_decompress(&codec);
  const int64_t width = codec.output_width;
  image = Image({codec.output_height, width, 3});
  row.resize(static_cast<size_t>(4 * width));
  while (codec.output_scanline < codec.output_height) {
    uint8_t* pixels = image.pixels.data() + int64_t{codec.output_scanline} * width * 3;
    JSAMPROW target = four ? row.data() : pixels;
    jpeg_read_scanlines(&codec, &target, 1);
    if (!four) continue;
    if (codec.saw_Adobe_marker == FALSE) invert(row.data(), 4 * width);
    from_inverted_cmyk(row.data(), pixels, width);
  }
  jpeg_finish_decompress(&codec);
  return true;
}

}  // namespace

bool is_jpeg(std::span<const std::byte> bytes) {
  return bytes.size() >= 3 && bytes[0] == std::byte{0xff} && bytes[1] == std::byte{0xd8} && bytes[2] == std::byte{0xff};
}

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  jpeg_decompress_struct codec{};
  ErrorManager errors;
  codec.err = jpeg_std_error(&errors);
  errors.error_exit = jump_back;
  errors.emit_message = judge_message;
  Image image;
  std::vector<uint8_t> row;
  const bool decoded = decode(bytes, codec, errors, image, row);
  const int64_t width = codec.image_width;
  const int64_t height = codec.image_height;
  jpeg_destroy_decompress(&codec);
  if (decoded) return image;
  if (errors.message[0] != '\0') fail("{}: damaged JPEG: {}", name, errors.message);
  fail("{}: a JPEG of {}x{} pixels is more than the {} million that are read", name, width, height, most_pixels >> 20);
}

}  // namespace fovea
