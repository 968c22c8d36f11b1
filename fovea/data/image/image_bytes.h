// SPDX-License-Identifier: Apache-2.0
// The format of an image file by its first bytes, and numbers in its headers, in the common subset of C and C++ like
// pixel_arithmetic.h: a program for a device reads images by exactly the rules of `fovea classify`.
//
// The readers beside this file (png_format.h, bmp_format.h, gif_format.h, orientation.h) allocate nothing and trust no length
// that a file states. Functions that return a text return what is wrong with the file, and NULL for success.
#ifndef FOVEA_DATA_PICTURE_BYTES_H
#define FOVEA_DATA_PICTURE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// An image with more pixels than this is taken for a corrupt header.
#ifndef FOVEA_MOST_PIXELS  // fuzzers set a lower one
#define FOVEA_MOST_PIXELS ((int64_t)1 << 27)
#endif

static inline uint32_t fovea_little16(const uint8_t* at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8; }
static inline uint32_t fovea_little32(const uint8_t* at) { return fovea_little16(at) | fovea_little16(at + 2) << 16; }
static inline uint32_t fovea_big16(const uint8_t* at) { return (uint32_t)at[0] << 8 | (uint32_t)at[1]; }
static inline uint32_t fovea_big32(const uint8_t* at) { return fovea_big16(at) << 16 | fovea_big16(at + 2); }

static inline int fovea_has(const uint8_t* bytes, size_t size, size_t at, const char* text, size_t length) {
  return size >= at + length && memcmp(bytes + at, text, length) == 0;
}

static inline int fovea_is_jpeg(const uint8_t* bytes, size_t size) { return fovea_has(bytes, size, 0, "\xff\xd8\xff", 3); }
static inline int fovea_is_png(const uint8_t* bytes, size_t size) { return fovea_has(bytes, size, 0, "\x89PNG\r\n\x1a\n", 8); }
static inline int fovea_is_gif(const uint8_t* bytes, size_t size) {
  return fovea_has(bytes, size, 0, "GIF87a", 6) || fovea_has(bytes, size, 0, "GIF89a", 6);
}
static inline int fovea_is_bmp(const uint8_t* bytes, size_t size) { return size >= 26 && fovea_has(bytes, size, 0, "BM", 2); }
static inline int fovea_is_webp(const uint8_t* bytes, size_t size) {
  return fovea_has(bytes, size, 0, "RIFF", 4) && fovea_has(bytes, size, 8, "WEBP", 4);
}

// HEIC and AVIF files both consist of boxes, the first of which names the format.
static inline int fovea_is_brand(const uint8_t* bytes, size_t size, const char* brand) {
  return fovea_has(bytes, size, 4, "ftyp", 4) && fovea_has(bytes, size, 8, brand, 4);
}
static inline int fovea_is_avif(const uint8_t* bytes, size_t size) {
  return fovea_is_brand(bytes, size, "avif") || fovea_is_brand(bytes, size, "avis");
}
static inline int fovea_is_heic(const uint8_t* bytes, size_t size) {
  return fovea_is_brand(bytes, size, "heic") || fovea_is_brand(bytes, size, "heix") || fovea_is_brand(bytes, size, "hevc") ||
         fovea_is_brand(bytes, size, "heim") || fovea_is_brand(bytes, size, "heis") || fovea_is_brand(bytes, size, "mif1") ||
         fovea_is_brand(bytes, size, "msf1");
}

// The name of an image format that cannot be read here; NULL when the bytes belong to none of them.
static inline const char* fovea_foreign_format(const uint8_t* bytes, size_t size) {
  if (fovea_is_avif(bytes, size)) return "AVIF";
  if (fovea_is_heic(bytes, size)) return "HEIC";
  if (fovea_has(bytes, size, 0, "II*\0", 4) || fovea_has(bytes, size, 0, "MM\0*", 4)) return "TIFF";
  if (fovea_has(bytes, size, 0, "II+\0", 4) || fovea_has(bytes, size, 0, "MM\0+", 4)) return "BigTIFF";
  if (fovea_has(bytes, size, 4, "jP  \r\n", 6) || fovea_has(bytes, size, 0, "\xff\x4f\xff\x51", 4)) return "JPEG 2000";
  if (fovea_has(bytes, size, 4, "JXL \r\n", 6) || fovea_has(bytes, size, 0, "\xff\x0a", 2)) return "JPEG XL";
  if (fovea_has(bytes, size, 0, "8BPS", 4)) return "Photoshop";
  if (fovea_has(bytes, size, 0, "\0\0\1\0", 4)) return "ICO";
  if (fovea_has(bytes, size, 0, "%PDF", 4)) return "PDF";
  if (fovea_has(bytes, size, 0, "<svg", 4) || fovea_has(bytes, size, 0, "<?xml", 5)) return "SVG";
  if (size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' && (bytes[2] == '\n' || bytes[2] == ' ')) return "PNM";
  return NULL;
}

// Transparency is blended over black, on the stored numbers.
static inline uint8_t fovea_over_black(uint32_t level, uint32_t alpha) { return (uint8_t)((level * alpha + 127) / 255); }

#endif  // FOVEA_DATA_PICTURE_BYTES_H
