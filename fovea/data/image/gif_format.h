// SPDX-License-Identifier: Apache-2.0
// GIF: the first image of the file, on the canvas that the file states (or a larger one, when the image does not fit). What the
// image leaves out or leaves transparent is black. This text is shared by C and C++ (image_bytes.h).
#ifndef FOVEA_DATA_GIF_FORMAT_H
#define FOVEA_DATA_GIF_FORMAT_H

#include "image_bytes.h"

struct fovea_gif {
  int64_t width, height;             // of the canvas
  int64_t left, top, columns, rows;  // the image's place on it
  int interlaced, transparent;       // transparent: the index of a color, -1 for none
  const uint8_t* palette;            // colors of 3 bytes
  int colors;
  size_t data;  // where the initial code width is
};

// Data blocks: a length and that many bytes; a length of 0 ends them. Returns where they end, or `size` when they do not.
static inline size_t fovea_gif_skip(const uint8_t* bytes, size_t size, size_t at) {
  while (at < size && bytes[at] != 0) at += (size_t)bytes[at] + 1;
  return at < size ? at + 1 : size;
}

// Reads a palette of 2^(bits + 1) colors at `at`, which is advanced; returns 0 when the file ends within it.
static inline int fovea_gif_palette(struct fovea_gif* gif, const uint8_t* bytes, size_t size, size_t* at, int bits) {
  gif->colors = 2 << bits;
  if (size - *at < 3 * (size_t)gif->colors) return 0;
  gif->palette = bytes + *at;
  *at += 3 * (size_t)gif->colors;
  return 1;
}

static inline const char* fovea_gif_place(struct fovea_gif* gif, const uint8_t* bytes, size_t size, size_t at) {
  if (size - at < 10) return "it ends within its header";
  gif->left = fovea_little16(bytes + at);
  gif->top = fovea_little16(bytes + at + 2);
  gif->columns = fovea_little16(bytes + at + 4);
  gif->rows = fovea_little16(bytes + at + 6);
  if (gif->columns < 1 || gif->rows < 1) return "its first picture has no pixels";
  if (gif->left + gif->columns > gif->width) gif->width = gif->left + gif->columns;
  if (gif->top + gif->rows > gif->height) gif->height = gif->top + gif->rows;
  const int flags = bytes[at + 8];
  gif->interlaced = (flags & 0x40) != 0;
  at += 9;
  if ((flags & 0x80) != 0 && !fovea_gif_palette(gif, bytes, size, &at, flags & 7)) return "it ends within a palette";
  if (gif->palette == NULL) return "its palette is missing";
  gif->data = at;
  return NULL;
}

// Reads up to the data of the first image.
static inline const char* fovea_gif_open(struct fovea_gif* gif, const uint8_t* bytes, size_t size) {
  memset(gif, 0, sizeof *gif);
  gif->transparent = -1;
  if (size < 13) return "it ends within its header";
  gif->width = fovea_little16(bytes + 6);
  gif->height = fovea_little16(bytes + 8);
  size_t at = 13;
  if ((bytes[10] & 0x80) != 0 && !fovea_gif_palette(gif, bytes, size, &at, bytes[10] & 7)) return "it ends within a palette";
  while (at < size) {
    const int kind = bytes[at++];
    if (kind == 0x2c) return fovea_gif_place(gif, bytes, size, at);
    if (kind == 0x3b) return "it holds no picture";
    if (kind != 0x21) return "it has a block of an unknown kind";
    // The control block says how the next image is drawn.
    if (size - at >= 7 && bytes[at] == 0xf9 && bytes[at + 1] == 4) gif->transparent = bytes[at + 2] & 1 ? bytes[at + 5] : -1;
    at = fovea_gif_skip(bytes, size, at + 1);
  }
  return "it ends before its first picture";
}

// The bits of the data blocks, lowest first.
struct fovea_gif_bits {
  const uint8_t* bytes;
  size_t size, at;
  size_t left;  // bytes left in this block
  uint32_t held;
  int count;
};

// The next code of `width` bits; -1 when the data ends.
static inline int fovea_gif_code(struct fovea_gif_bits* bits, int width) {
  while (bits->count < width) {
    if (bits->left == 0) {
      if (bits->at >= bits->size || bits->bytes[bits->at] == 0) return -1;
      bits->left = bits->bytes[bits->at++];
    }
    if (bits->at >= bits->size) return -1;
    bits->held |= (uint32_t)bits->bytes[bits->at++] << bits->count;
    bits->count += 8;
    --bits->left;
  }
  const int code = (int)(bits->held & ((1U << width) - 1));
  bits->held >>= width;
  bits->count -= width;
  return code;
}

// The position of the next pixel: row by row or, when the image is interlaced, every 8th row from 0, every 8th from 4, every
// 4th from 2, and every 2nd from 1.
struct fovea_gif_pen {
  int64_t x, y;
  int pass;
};

static inline void fovea_gif_draw(const struct fovea_gif* gif, struct fovea_gif_pen* pen, int color, uint8_t* pixels) {
  static const int8_t starts[4] = {0, 4, 2, 1}, steps[4] = {8, 8, 4, 2};
  uint8_t* pixel = pixels + ((gif->top + pen->y) * gif->width + gif->left + pen->x) * 3;
  if (color != gif->transparent && color < gif->colors) memcpy(pixel, gif->palette + 3 * color, 3);
  if (++pen->x < gif->columns) return;
  pen->x = 0;
  pen->y += gif->interlaced ? steps[pen->pass] : 1;
  while (gif->interlaced && pen->y >= gif->rows && pen->pass < 3) pen->y = starts[++pen->pass];
}

// The dictionary of LZW. A word is an earlier word followed by a color.
struct fovea_gif_words {
  int16_t before[4096];
  uint8_t last[4096], first[4096];
  uint8_t letters[4096];  // of the word that is being drawn, from its end
};

// Decodes to `pixels`, height x width x 3.
static inline const char* fovea_gif_pixels(const struct fovea_gif* gif, const uint8_t* bytes, size_t size, uint8_t* pixels,
                                           struct fovea_gif_words* words) {
  memset(pixels, 0, (size_t)(gif->width * gif->height) * 3);
  if (gif->data >= size) return "it ends before its first picture does";
  const int bits = bytes[gif->data];
  if (bits < 1 || bits > 11) return "its codes have an unknown length";
  const int clear = 1 << bits, end = clear + 1;
  for (int i = 0; i < clear; ++i) words->first[i] = words->last[i] = (uint8_t)i;
  struct fovea_gif_bits source = {bytes, size, gif->data + 1, 0, 0, 0};
  struct fovea_gif_pen pen = {0, 0, 0};
  int width = bits + 1, count = end + 1, before = -1;
  while (pen.y < gif->rows) {
    const int code = fovea_gif_code(&source, width);
    if (code < 0 || code == end) return "it ends before its first picture does";
    if (code == clear) {
      width = bits + 1;
      count = end + 1;
      before = -1;
      continue;
    }
    // A word that is used while it is being defined begins and ends with the same color.
    if (code > count || (code == count && before < 0)) return "a code is not known yet";
    if (code >= clear && before < 0) return "a code is not known yet";
    if (before >= 0 && count < 4096) {
      words->before[count] = (int16_t)before;
      words->first[count] = words->first[before];
      words->last[count] = words->first[code == count ? before : code];
      if (++count == 1 << width && width < 12) ++width;
    } else if (code >= count) {
      return "a code is not known yet";
    }
    int letters = 0;
    for (int word = code; letters < 4096; word = words->before[word]) {
      words->letters[letters++] = words->last[word];
      if (word < clear) break;
    }
    while (letters > 0 && pen.y < gif->rows) fovea_gif_draw(gif, &pen, words->letters[--letters], pixels);
    before = code;
  }
  return NULL;
}

#endif  // FOVEA_DATA_GIF_FORMAT_H
