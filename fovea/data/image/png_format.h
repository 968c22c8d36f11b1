// SPDX-License-Identifier: Apache-2.0
// PNG, without decompression, which is up to the caller. This text is shared by C and C++ (image_bytes.h). Every form of the
// format is read: gray, colors and palettes of 1 to 16 bits, interlaced or not, with alpha or with a transparent color.
//
// The rules: of 16 bits the higher byte counts; gAMA, color profiles and the like are ignored; transparency is blended over
// black; a color that the palette lacks is black. What follows the end chunk, and data beyond the last pixel, is ignored. The
// checksums of the chunks that are used must be right.
#ifndef FOVEA_DATA_PNG_FORMAT_H
#define FOVEA_DATA_PNG_FORMAT_H

#include "image_bytes.h"

struct fovea_png {
  int64_t width, height;
  int depth, color, interlaced;  // bits of color: 1 is a palette, 2 colors, 4 alpha
  uint8_t palette[256][4];       // red, green, blue, alpha
  int has_key;                   // whether one color is transparent
  uint32_t key[3];
  size_t data;  // where the first chunk of compressed data is
};

// The checksum of a chunk's type and content (ISO 3309), in steps of four bits.
static inline uint32_t fovea_png_checksum(const uint8_t* bytes, size_t size) {
  static const uint32_t half[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                    0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    const uint32_t low = half[i & 15] ^ i >> 4;
    table[i] = half[low & 15] ^ low >> 4;
  }
  uint32_t sum = 0xffffffff;
  for (size_t i = 0; i < size; ++i) sum = table[(sum ^ bytes[i]) & 255] ^ sum >> 8;
  return ~sum;
}

// The chunk at `at`, which is advanced past it; its type precedes its content.
struct fovea_png_chunk {
  const uint8_t* kind;
  const uint8_t* content;
  size_t length;
};

static inline const char* fovea_png_next(const uint8_t* bytes, size_t size, size_t* at, struct fovea_png_chunk* chunk) {
  if (*at > size || size - *at < 12) return "it ends before its end chunk";
  const size_t length = fovea_big32(bytes + *at);
  if (length > size - *at - 12) return "it ends within a chunk";
  chunk->kind = bytes + *at + 4;
  chunk->content = bytes + *at + 8;
  chunk->length = length;
  *at += length + 12;
  return NULL;
}

static inline int fovea_png_is(const struct fovea_png_chunk* chunk, const char* kind) {
  return memcmp(chunk->kind, kind, 4) == 0;
}

static inline int fovea_png_is_sound(const struct fovea_png_chunk* chunk) {
  return fovea_png_checksum(chunk->kind, chunk->length + 4) == fovea_big32(chunk->content + chunk->length);
}

// Reads the first chunk: the size and the form of the pixels.
static inline const char* fovea_png_header(struct fovea_png* png, const uint8_t* bytes, size_t size) {
  struct fovea_png_chunk chunk;
  size_t at = 8;
  memset(png, 0, sizeof *png);
  const char* problem = fovea_png_next(bytes, size, &at, &chunk);
  if (problem != NULL) return problem;
  if (fovea_png_is(&chunk, "CgBI")) return "it is written for iPhones only (CgBI)";
  if (!fovea_png_is(&chunk, "IHDR") || chunk.length != 13) return "it does not begin with its header";
  if (!fovea_png_is_sound(&chunk)) return "the checksum of its header is wrong";
  png->width = fovea_big32(chunk.content);
  png->height = fovea_big32(chunk.content + 4);
  png->depth = chunk.content[8];
  png->color = chunk.content[9];
  png->interlaced = chunk.content[12];
  if (png->width < 1 || png->height < 1) return "its header says no pixels";
  if (chunk.content[10] != 0 || chunk.content[11] != 0 || png->interlaced > 1) return "its header names an unknown method";
  const int depth = png->depth;
  const int plain = depth == 8 || depth == 16;
  const int small = depth == 1 || depth == 2 || depth == 4;
  if (png->color == 0 ? !plain && !small : png->color == 3 ? depth != 8 && !small : !plain) return "its bits a pixel are wrong";
  if (png->color != 0 && png->color != 2 && png->color != 3 && png->color != 4 && png->color != 6)
    return "its kind of color is unknown";
  return NULL;
}

static inline const char* fovea_png_palette(struct fovea_png* png, const struct fovea_png_chunk* chunk) {
  if (chunk->length % 3 != 0 || chunk->length > 768 || chunk->length == 0) return "its palette has a wrong length";
  for (size_t i = 0; i < chunk->length; ++i) png->palette[i / 3][i % 3] = chunk->content[i];
  return NULL;
}

static inline void fovea_png_transparency(struct fovea_png* png, const struct fovea_png_chunk* chunk) {
  if (png->color == 3)
    for (size_t i = 0; i < chunk->length && i < 256; ++i) png->palette[i][3] = chunk->content[i];
  if ((png->color == 0 && chunk->length >= 2) || (png->color == 2 && chunk->length >= 6)) {
    png->has_key = 1;
    for (int c = 0; c < 3; ++c) {
      const uint32_t level = fovea_big16(chunk->content + (png->color == 2 ? 2 * c : 0));
      png->key[c] = level & ((1U << png->depth) - 1);
    }
  }
}

// Reads the header and what precedes the data, and checks that the file is complete: up to its end chunk, with right checksums.
static inline const char* fovea_png_open(struct fovea_png* png, const uint8_t* bytes, size_t size) {
  const char* problem = fovea_png_header(png, bytes, size);
  struct fovea_png_chunk chunk;
  size_t at = 8 + 25;
  int has_palette = 0, after_data = 0;
  for (int i = 0; i < 256; ++i) png->palette[i][3] = 255;
  while (problem == NULL) {
    const size_t start = at;
    problem = fovea_png_next(bytes, size, &at, &chunk);
    if (problem != NULL || fovea_png_is(&chunk, "IEND")) break;
    const int data = fovea_png_is(&chunk, "IDAT");
    const int palette = fovea_png_is(&chunk, "PLTE"), transparency = fovea_png_is(&chunk, "tRNS");
    if ((chunk.kind[0] & 0x20) == 0 && !data && !palette) return "it has a chunk that must not be skipped and is not known";
    if (!data && !palette && !transparency) {
      if (png->data != 0) after_data = 1;
      continue;
    }
    if (!fovea_png_is_sound(&chunk)) return "a checksum is wrong";
    if (data) {
      if (after_data) return "its data stands in two places";
      if (png->data == 0) png->data = start;
    } else {
      if (png->data != 0) after_data = 1;  // a palette or transparency after the data is ignored
      if (png->data == 0 && palette) problem = fovea_png_palette(png, &chunk);
      if (png->data == 0 && transparency) fovea_png_transparency(png, &chunk);
      has_palette |= palette;
    }
  }
  if (problem != NULL) return problem;
  if (png->data == 0) return "it has no data";
  return png->color == 3 && !has_palette ? "its palette is missing" : NULL;
}

// The next piece of compressed data; `at` starts as png->data. Returns 0 after the last.
static inline int fovea_png_data(const uint8_t* bytes, size_t size, size_t* at, const uint8_t** data, size_t* length) {
  struct fovea_png_chunk chunk;
  if (fovea_png_next(bytes, size, at, &chunk) != NULL || !fovea_png_is(&chunk, "IDAT")) return 0;
  *data = chunk.content;
  *length = chunk.length;
  return 1;
}

static inline int fovea_png_samples(const struct fovea_png* png) {
  return png->color == 3 ? 1 : 1 + (png->color & 2) + (png->color >> 2);
}

static inline size_t fovea_png_row_size(const struct fovea_png* png, int64_t width) {
  return ((size_t)width * (size_t)(fovea_png_samples(png) * png->depth) + 7) / 8;
}

// The pixels of one of the 7 passes, or all of them (pass 7): the rows and columns first + i * step.
struct fovea_png_pass {
  int64_t top, left, down, across, height, width;
};

static inline struct fovea_png_pass fovea_png_pass(const struct fovea_png* png, int pass) {
  static const int8_t form[8][4] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                    {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}, {0, 0, 1, 1}};
  struct fovea_png_pass at = {form[pass][0], form[pass][1], form[pass][2], form[pass][3], 0, 0};
  at.height = (png->height - at.top + at.down - 1) / at.down;
  at.width = (png->width - at.left + at.across - 1) / at.across;
  if (at.height < 1 || at.width < 1) at.height = at.width = 0;
  return at;
}

// How many bytes the data inflates to: rows, each preceded by the number of its filter.
static inline size_t fovea_png_raw_size(const struct fovea_png* png) {
  size_t size = 0;
  for (int pass = png->interlaced ? 0 : 7; pass < (png->interlaced ? 7 : 8); ++pass) {
    const struct fovea_png_pass at = fovea_png_pass(png, pass);
    if (at.height > 0) size += (size_t)at.height * (1 + fovea_png_row_size(png, at.width));
  }
  return size;
}

static inline uint8_t fovea_png_paeth(int left, int above, int corner) {
  const int estimate = left + above - corner;
  const int a = estimate > left ? estimate - left : left - estimate;
  const int b = estimate > above ? estimate - above : above - estimate;
  const int c = estimate > corner ? estimate - corner : corner - estimate;
  return (uint8_t)(a <= b && a <= c ? left : b <= c ? above : corner);
}

// Removes the filter of a row of `size` bytes; `above` is the row above it without its filter, NULL for the first.
static inline __attribute__((always_inline)) void fovea_png_unfilter_by(uint8_t* row, const uint8_t* above, size_t size,
                                                                        int filter, size_t step) {
  for (size_t i = 0; i < size; ++i) {
    const int left = i >= step ? row[i - step] : 0;
    const int up = above != NULL ? above[i] : 0;
    const int corner = above != NULL && i >= step ? above[i - step] : 0;
    if (filter == 1) row[i] = (uint8_t)(row[i] + left);
    if (filter == 2) row[i] = (uint8_t)(row[i] + up);
    if (filter == 3) row[i] = (uint8_t)(row[i] + (left + up) / 2);
    if (filter == 4) row[i] = (uint8_t)(row[i] + fovea_png_paeth(left, up, corner));
  }
}

// The usual steps are constants where this is inlined.
static inline void fovea_png_unfilter(uint8_t* row, const uint8_t* above, size_t size, int filter, size_t step) {
  if (filter == 0) return;
  if (filter == 1) return fovea_png_unfilter_by(row, above, size, 1, step);
  if (filter == 2) return fovea_png_unfilter_by(row, above, size, 2, step);
  if (filter == 3) return fovea_png_unfilter_by(row, above, size, 3, step);
  if (step == 3) return fovea_png_unfilter_by(row, above, size, 4, 3);
  if (step == 4) return fovea_png_unfilter_by(row, above, size, 4, 4);
  fovea_png_unfilter_by(row, above, size, 4, step);
}

static inline uint32_t fovea_png_sample(const uint8_t* row, int depth, int64_t place) {
  if (depth == 8) return row[place];
  if (depth == 16) return fovea_big16(row + 2 * place);
  const int64_t bit = place * depth;
  return ((uint32_t)row[bit >> 3] >> (8 - depth - (bit & 7))) & ((1U << depth) - 1);
}

static inline void fovea_png_pixel(const struct fovea_png* png, const uint8_t* row, int64_t x, uint8_t* pixel) {
  const int samples = fovea_png_samples(png), depth = png->depth;
  uint32_t sample[4];
  for (int i = 0; i < samples; ++i) sample[i] = fovea_png_sample(row, depth, x * samples + i);
  if (png->color == 3) {
    const uint8_t* color = png->palette[sample[0]];
    for (int c = 0; c < 3; ++c) pixel[c] = fovea_over_black(color[c], color[3]);
    return;
  }
  const int colors = png->color & 2 ? 3 : 1;
  int visible = !png->has_key;
  for (int c = 0; c < colors; ++c) visible |= png->has_key && sample[c] != png->key[c];
  // 1, 2 and 4 bits are scaled to 8; of 16 bits the higher byte is taken.
  for (int i = 0; i < samples; ++i)
    sample[i] = depth == 16 ? sample[i] >> 8 : depth < 8 ? sample[i] * (255 / ((1U << depth) - 1)) : sample[i];
  const uint32_t alpha = png->color & 4 ? sample[samples - 1] : visible ? 255 : 0;
  for (int c = 0; c < 3; ++c) pixel[c] = fovea_over_black(sample[colors == 3 ? c : 0], alpha);
}

// Overwrites `raw`, which has fovea_png_raw_size() bytes; `pixels` is height x width x 3.
static inline const char* fovea_png_pixels(const struct fovea_png* png, uint8_t* raw, uint8_t* pixels) {
  const size_t bits = (size_t)(fovea_png_samples(png) * png->depth), step = bits < 8 ? 1 : bits / 8;
  const int plain = png->color == 2 && png->depth == 8 && !png->has_key;
  for (int pass = png->interlaced ? 0 : 7; pass < (png->interlaced ? 7 : 8); ++pass) {
    const struct fovea_png_pass at = fovea_png_pass(png, pass);
    const size_t size = fovea_png_row_size(png, at.width);
    const uint8_t* above = NULL;
    for (int64_t y = 0; y < at.height; ++y, raw += size) {
      const int filter = *raw++;
      if (filter > 4) return "a row names an unknown filter";
      fovea_png_unfilter(raw, above, size, filter, step);
      above = raw;
      uint8_t* target = pixels + ((at.top + y * at.down) * png->width + at.left) * 3;
      if (plain && pass == 7) {
        memcpy(target, raw, size);
        continue;
      }
      for (int64_t x = 0; x < at.width; ++x) fovea_png_pixel(png, raw, x, target + x * at.across * 3);
    }
  }
  return NULL;
}

#endif  // FOVEA_DATA_PNG_FORMAT_H
