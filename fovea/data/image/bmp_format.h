// SPDX-License-Identifier: Apache-2.0
// Windows bitmaps: a file header of 14 bytes, an information header of 12 (OS/2) or 16 to 124 bytes, masks, a palette, then
// rows padded to 4 bytes, bottom first unless the height is negative. With 4 or 8 bits, pixels may be run-length encoded (RLE).
// This text is shared by C and C++ (image_bytes.h).
//
// The rules: fields of other widths than 8 bits are scaled to 255 and rounded down, as in Pillow. Alpha counts when the header
// has a mask for it, and is blended over black; when every pixel is transparent, the mask is taken for a mistake. Pixels that
// runs leave out have the palette's first color, and a color that the palette lacks is black.
// have the palette's first color, and a color that the palette lacks is black.
#ifndef FOVEA_DATA_BMP_FORMAT_H
#define FOVEA_DATA_BMP_FORMAT_H

#include "image_bytes.h"

struct fovea_bmp {
  int64_t width, height;
  int top_first, bits, runs;
  uint32_t masks[4];                      // of red, green, blue and alpha, when a pixel is a number of 16 or 32 bits
  size_t palette, palette_entry, colors;  // where the palette is, bytes for each color, number of colors
  size_t pixels;                          // where the pixels are
};

static inline size_t fovea_bmp_stride(const struct fovea_bmp* bmp) {
  return ((size_t)bmp->width * (size_t)bmp->bits + 31) / 32 * 4;
}

static inline const char* fovea_bmp_masks(struct fovea_bmp* bmp, const uint8_t* bytes, size_t size, uint32_t method,
                                          size_t header) {
  static const uint32_t usual[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
  for (int c = 0; c < 3; ++c) bmp->masks[c] = usual[bmp->bits == 32][c];
  if (method != 3 && method != 6) return NULL;
  const int count = header >= 56 || method == 6 ? 4 : 3;
  if (size < 54 + 4 * (size_t)count) return "it ends within its header";
  for (int c = 0; c < count; ++c) bmp->masks[c] = fovea_little32(bytes + 54 + 4 * c);
  if (header == 40) bmp->palette += 4 * (size_t)count;
  return NULL;
}

static inline const char* fovea_bmp_form(struct fovea_bmp* bmp, const uint8_t* bytes, size_t size, uint32_t method,
                                         size_t header) {
  const int bits = bmp->bits;
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) return "its bits a pixel are wrong";
  bmp->runs = (method == 1 && bits == 8) || (method == 2 && bits == 4);
  const int masked = (method == 3 || method == 6) && (bits == 16 || bits == 32);
  if (method == 4 || method == 5) return "it holds a picture of another format";
  if (method != 0 && !bmp->runs && !masked) return "it names an unknown method of compression";
  if (bmp->runs && bmp->top_first) return "runs from the top down are not allowed";
  if (bits == 16 || bits == 32) {
    const char* problem = fovea_bmp_masks(bmp, bytes, size, method, header);
    if (problem != NULL) return problem;
  }
  const size_t most = bits <= 8 ? (size_t)1 << bits : 0;
  if (bmp->colors == 0 || bmp->colors > most) bmp->colors = most;
  if (bmp->pixels == 0) bmp->pixels = bmp->palette + bmp->colors * bmp->palette_entry;
  return NULL;
}

static inline const char* fovea_bmp_open(struct fovea_bmp* bmp, const uint8_t* bytes, size_t size) {
  memset(bmp, 0, sizeof *bmp);
  if (size < 26) return "it ends within its header";
  bmp->pixels = fovea_little32(bytes + 10);
  const size_t header = fovea_little32(bytes + 14);
  if (header != 12 && (header < 16 || header > 124)) return "its header has an unknown length";
  if (size < 14 + header) return "it ends within its header";
  uint32_t method = 0;
  bmp->palette = 14 + header;
  if (header == 12) {
    bmp->width = fovea_little16(bytes + 18);
    bmp->height = fovea_little16(bytes + 20);
    bmp->bits = (int)fovea_little16(bytes + 24);
    bmp->palette_entry = 3;
  } else {
    bmp->width = (int32_t)fovea_little32(bytes + 18);
    bmp->height = (int32_t)fovea_little32(bytes + 22);
    bmp->bits = (int)fovea_little16(bytes + 28);
    bmp->palette_entry = 4;
    if (header >= 20) method = fovea_little32(bytes + 30);
    if (header >= 36) bmp->colors = fovea_little32(bytes + 46);
    bmp->top_first = bmp->height < 0;
    if (bmp->top_first) bmp->height = -bmp->height;
  }
  if (bmp->width < 1 || bmp->height < 1) return "its header says no pixels";
  // OS/2 numbers other methods from 3 on.
  if (header != 12 && header < 40 && method > 2) return "it names an unknown method of compression";
  return fovea_bmp_form(bmp, bytes, size, method, header);
}

static inline void fovea_bmp_color(const struct fovea_bmp* bmp, const uint8_t* bytes, size_t size, size_t color,
                                   uint8_t* pixel) {
  const size_t entry = bmp->palette + color * bmp->palette_entry;
  const int known = color < bmp->colors && entry + 3 <= size;
  for (int c = 0; c < 3; ++c) pixel[c] = known ? bytes[entry + 2 - (size_t)c] : 0;
}

// A masked field, scaled to 0..255.
static inline uint32_t fovea_bmp_field(uint32_t value, uint32_t mask) {
  if (mask == 0) return 0;
  const uint32_t lowest = mask & (0 - mask);
  return (uint32_t)((uint64_t)((value & mask) / lowest) * 255 / (mask / lowest));
}

// Whether any pixel is not fully transparent.
static inline int fovea_bmp_has_alpha(const struct fovea_bmp* bmp, const uint8_t* rows) {
  if (bmp->masks[3] == 0) return 0;
  const size_t bytes = (size_t)bmp->bits / 8;
  for (int64_t y = 0; y < bmp->height; ++y) {
    const uint8_t* row = rows + (size_t)y * fovea_bmp_stride(bmp);
    for (int64_t x = 0; x < bmp->width; ++x, row += bytes)
      if (((bytes == 2 ? fovea_little16(row) : fovea_little32(row)) & bmp->masks[3]) != 0) return 1;
  }
  return 0;
}

static inline void fovea_bmp_row(const struct fovea_bmp* bmp, const uint8_t* bytes, size_t size, const uint8_t* row, int alpha,
                                 uint8_t* pixel) {
  for (int64_t x = 0; x < bmp->width; ++x, pixel += 3) {
    if (bmp->bits == 24) {
      for (int c = 0; c < 3; ++c) pixel[c] = row[3 * x + 2 - c];
    } else if (bmp->bits > 8) {
      const uint32_t value = bmp->bits == 16 ? fovea_little16(row + 2 * x) : fovea_little32(row + 4 * x);
      const uint32_t opacity = alpha ? fovea_bmp_field(value, bmp->masks[3]) : 255;
      for (int c = 0; c < 3; ++c) pixel[c] = fovea_over_black(fovea_bmp_field(value, bmp->masks[c]), opacity);
    } else {
      const int64_t bit = x * bmp->bits;
      const size_t color = ((size_t)row[bit >> 3] >> (8 - bmp->bits - (bit & 7))) & (((size_t)1 << bmp->bits) - 1);
      fovea_bmp_color(bmp, bytes, size, color, pixel);
    }
  }
}

// Runs are pairs of bytes. A count is followed by a color (with 4 bits, two colors that alternate). A 0 is followed by a
// command: 0 ends the row, 1 ends the image, 2 moves on by the next two bytes, and any other number says how many colors
// follow, padded to 2 bytes.
static inline const char* fovea_bmp_runs(const struct fovea_bmp* bmp, const uint8_t* bytes, size_t size, uint8_t* pixels) {
  for (int64_t i = 0; i < bmp->width * bmp->height; ++i) fovea_bmp_color(bmp, bytes, size, 0, pixels + 3 * i);
  int64_t x = 0, y = 0;
  for (size_t at = bmp->pixels; y < bmp->height;) {
    if (at > size || size - at < 2) return "it ends within its runs";
    size_t count = bytes[at];
    const size_t value = bytes[at + 1];
    const int literal = count == 0 && value > 2;
    at += 2;
    if (count == 0 && value == 1) return NULL;
    if (count == 0 && value == 0) {
      x = 0;
      ++y;
    } else if (count == 0 && value == 2) {
      if (size - at < 2) return "it ends within its runs";
      x += bytes[at];
      y += bytes[at + 1];
      at += 2;
    } else {
      if (literal) count = value;
      const size_t length = !literal ? 0 : bmp->bits == 8 ? count : (count + 1) / 2;
      if (length > size - at) return "it ends within its runs";
      for (size_t i = 0; i < count; ++i, ++x) {
        const size_t pair = !literal ? value : bytes[at + (bmp->bits == 8 ? i : i / 2)];
        const size_t color = bmp->bits == 8 ? pair : i % 2 == 0 ? pair >> 4 : pair & 15;
        if (x < bmp->width) fovea_bmp_color(bmp, bytes, size, color, pixels + ((bmp->height - 1 - y) * bmp->width + x) * 3);
      }
      at += (length + 1) / 2 * 2;
    }
  }
  return NULL;
}

// Decodes to `pixels`, height x width x 3.
static inline const char* fovea_bmp_pixels(const struct fovea_bmp* bmp, const uint8_t* bytes, size_t size, uint8_t* pixels) {
  if (bmp->runs) return fovea_bmp_runs(bmp, bytes, size, pixels);
  const size_t stride = fovea_bmp_stride(bmp);
  if (bmp->pixels > size || stride * (size_t)bmp->height > size - bmp->pixels) return "it ends before its last pixel";
  const uint8_t* rows = bytes + bmp->pixels;
  const int alpha = fovea_bmp_has_alpha(bmp, rows);
  for (int64_t y = 0; y < bmp->height; ++y) {
    const int64_t from = bmp->top_first ? y : bmp->height - 1 - y;
    fovea_bmp_row(bmp, bytes, size, rows + (size_t)from * stride, alpha, pixels + y * bmp->width * 3);
  }
  return NULL;
}

#endif  // FOVEA_DATA_BMP_FORMAT_H
