// SPDX-License-Identifier: Apache-2.0
// Which way up an image is: the orientation in its EXIF data (JPEG's APP1, PNG's eXIf, WebP's EXIF), and pixels rotated by it.
// This text is shared by C and C++ (image_bytes.h).
//
//     1 as stored               5 mirrored along the diagonal from the upper left
//     2 mirrored horizontally   6 rotated clockwise
//     3 upside down             7 mirrored along the other diagonal
//     4 mirrored vertically     8 rotated counterclockwise
//
// Corrupt or hostile EXIF data counts as none: the orientation is then 1. Only the first list of tags is read, and no offset is
// followed but the one to that list.
#ifndef FOVEA_DATA_ORIENTATION_H
#define FOVEA_DATA_ORIENTATION_H

#include "image_bytes.h"

// The orientation in a block of EXIF data, which is a TIFF file.
static inline int fovea_exif_orientation(const uint8_t* exif, size_t size) {
  if (size < 8) return 1;
  const int big = exif[0] == 'M';
  if (exif[0] != exif[1] || (!big && exif[0] != 'I')) return 1;
  if ((big ? fovea_big16(exif + 2) : fovea_little16(exif + 2)) != 42) return 1;
  const size_t list = big ? fovea_big32(exif + 4) : fovea_little32(exif + 4);
  if (list < 8 || list > size - 2) return 1;
  const size_t count = big ? fovea_big16(exif + list) : fovea_little16(exif + list);
  for (size_t i = 0; i < count && list + 2 + 12 * (i + 1) <= size; ++i) {
    const uint8_t* entry = exif + list + 2 + 12 * i;  // tag, type, number of values, the value
    if ((big ? fovea_big16(entry) : fovea_little16(entry)) != 0x112) continue;
    const uint32_t type = big ? fovea_big16(entry + 2) : fovea_little16(entry + 2);
    const uint32_t values = big ? fovea_big32(entry + 4) : fovea_little32(entry + 4);
    uint32_t value = 0;
    if (type == 1) value = entry[8];
    if (type == 3) value = big ? fovea_big16(entry + 8) : fovea_little16(entry + 8);
    if (type == 4) value = big ? fovea_big32(entry + 8) : fovea_little32(entry + 8);
    return values == 1 && value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

// The orientation in data that may begin with JPEG's marker of EXIF data; 0 when it must and does not.
static inline int fovea_marked_orientation(const uint8_t* data, size_t size, int must) {
  if (fovea_has(data, size, 0, "Exif\0\0", 6)) return fovea_exif_orientation(data + 6, size - 6);
  return must ? 0 : fovea_exif_orientation(data, size);
}

// Looks at the segments before the first scan.
static inline int fovea_jpeg_orientation(const uint8_t* bytes, size_t size) {
  for (size_t at = 2; at + 4 <= size;) {
    if (bytes[at] != 0xff) return 1;
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xff) {  // a fill byte
      ++at;
      continue;
    }
    if (marker == 0xda || marker == 0xd9) return 1;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {  // markers without data
      at += 2;
      continue;
    }
    const size_t length = fovea_big16(bytes + at + 2);
    if (length < 2 || length > size - at - 2) return 1;
    if (marker == 0xe1) {
      const int told = fovea_marked_orientation(bytes + at + 4, length - 2, 1);
      if (told > 0) return told;
    }
    at += 2 + length;
  }
  return 1;
}

static inline int fovea_png_orientation(const uint8_t* bytes, size_t size) {
  for (size_t at = 8; at <= size && size - at >= 12;) {
    const size_t length = fovea_big32(bytes + at);
    if (length > size - at - 12) return 1;
    if (memcmp(bytes + at + 4, "eXIf", 4) == 0) return fovea_marked_orientation(bytes + at + 8, length, 0);
    at += length + 12;
  }
  return 1;
}

static inline int fovea_webp_orientation(const uint8_t* bytes, size_t size) {
  for (size_t at = 12; at <= size && size - at >= 8;) {
    const size_t length = fovea_little32(bytes + at + 4);
    if (length > size - at - 8) return 1;
    if (memcmp(bytes + at, "EXIF", 4) == 0) return fovea_marked_orientation(bytes + at + 8, length, 0);
    at += 8 + length + (length & 1);
  }
  return 1;
}

static inline int fovea_picture_orientation(const uint8_t* bytes, size_t size) {
  if (fovea_is_jpeg(bytes, size)) return fovea_jpeg_orientation(bytes, size);
  if (fovea_is_png(bytes, size)) return fovea_png_orientation(bytes, size);
  if (fovea_is_webp(bytes, size)) return fovea_webp_orientation(bytes, size);
  return 1;
}

// Whether height and width are exchanged.
static inline int fovea_turns_sideways(int orientation) { return orientation >= 5; }

// Rotates the stored height x width pixels to the upright position.
static inline void fovea_turn(const uint8_t* stored, int64_t height, int64_t width, int64_t channels, int orientation,
                              uint8_t* upright) {
  const int sideways = fovea_turns_sideways(orientation);
  const int from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const int from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const int64_t rows = sideways ? width : height, columns = sideways ? height : width;
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x, upright += channels) {
      const int64_t row = sideways ? x : y, column = sideways ? y : x;
      const uint8_t* pixel =
          stored + ((from_bottom ? height - 1 - row : row) * width + (from_right ? width - 1 - column : column)) * channels;
      for (int64_t c = 0; c < channels; ++c) upright[c] = pixel[c];
    }
  }
}

#endif  // FOVEA_DATA_ORIENTATION_H
