// SPDX-License-Identifier: Apache-2.0
// Frames of video as cameras and ffmpeg give them: their names, which are those of ffmpeg's pix_fmt, their sizes, and their
// pixels as red, green and blue. This text is shared by C and C++ (image_bytes.h).
//
// YCbCr is that of ITU-R BT.601 with levels from 16 to 235 (luma) and 16 to 240 (chroma), as cameras send it. Where chroma has
// fewer samples than luma, each pixel takes the sample that covers it.
#ifndef FOVEA_DATA_FRAME_FORMAT_H
#define FOVEA_DATA_FRAME_FORMAT_H

#include "image_bytes.h"

enum fovea_pixels { fovea_mjpeg_pixels, fovea_rgb24, fovea_bgr24, fovea_gray, fovea_yuyv422, fovea_nv12, fovea_yuv420p };

// Frames of a stream. JPEG frames have no size here, unless one is asked of a camera.
struct fovea_frame_format {
  enum fovea_pixels pixels;
  int64_t width, height;
};

static inline const char* fovea_pixels_name(int pixels) {
  static const char* const names[] = {"mjpeg", "rgb24", "bgr24", "gray", "yuyv422", "nv12", "yuv420p", NULL};
  return names[pixels];
}

// A number from 1 to 65535 at `*text`, which is advanced past it; 0 when there is none.
static inline int64_t fovea_read_extent(const char** text) {
  int64_t extent = 0;
  for (; **text >= '0' && **text <= '9'; ++*text) {
    extent = 10 * extent + (**text - '0');
    if (extent > 65535) return 0;
  }
  return extent;
}

// Reads "mjpeg", "mjpeg:640x480" or "rgb24:640x480"; "gray8" is another name of gray. Returns what is wrong, or NULL.
static inline const char* fovea_read_frame_format(const char* text, struct fovea_frame_format* format) {
  static const char known[] =
      "mjpeg, or pixels and their size: rgb24, bgr24, gray, yuyv422, nv12 or yuv420p, such as rgb24:640x480";
  const size_t length = strcspn(text, ":");
  int pixels = 0;
  while (fovea_pixels_name(pixels) != NULL &&
         (strlen(fovea_pixels_name(pixels)) != length || strncmp(text, fovea_pixels_name(pixels), length) != 0))
    ++pixels;
  if (length == 5 && strncmp(text, "gray8", 5) == 0) pixels = fovea_gray;
  if (fovea_pixels_name(pixels) == NULL) return known;
  format->pixels = (enum fovea_pixels)pixels;
  format->width = format->height = 0;
  text += length;
  if (*text == '\0') return pixels == fovea_mjpeg_pixels ? NULL : known;
  ++text;
  format->width = fovea_read_extent(&text);
  if (*text++ != 'x' || format->width == 0) return known;
  format->height = fovea_read_extent(&text);
  if (*text != '\0' || format->height == 0) return known;
  if (format->width > FOVEA_MOST_PIXELS / format->height) return "a frame of fewer pixels";
  if (pixels == fovea_yuyv422 && format->width % 2 != 0) return "an even width: yuyv422 has pixels in pairs";
  return NULL;
}

// Bytes from one row to the next where nothing is between rows; of the luma, if that has a plane of its own.
static inline int64_t fovea_frame_stride(const struct fovea_frame_format* format) {
  switch (format->pixels) {
    case fovea_rgb24:
    case fovea_bgr24:
      return 3 * format->width;
    case fovea_yuyv422:
      return 2 * format->width;
    default:
      return format->width;
  }
}

// Bytes from one row of a plane of chroma to the next.
static inline int64_t fovea_chroma_stride(const struct fovea_frame_format* format, int64_t stride) {
  return format->pixels == fovea_nv12 ? stride + stride % 2 : (stride + 1) / 2;
}

// Bytes of a frame whose rows are `stride` bytes apart; 0 for JPEG.
static inline int64_t fovea_frame_bytes(const struct fovea_frame_format* format, int64_t stride) {
  if (format->pixels == fovea_mjpeg_pixels) return 0;
  const int64_t rows = (format->height + 1) / 2, luma = stride * format->height;
  if (format->pixels == fovea_nv12) return luma + fovea_chroma_stride(format, stride) * rows;
  return format->pixels == fovea_yuv420p ? luma + 2 * fovea_chroma_stride(format, stride) * rows : luma;
}

static inline uint8_t fovea_level(int32_t sum) {  // in units of 2^-16
  const int32_t level = (sum + (1 << 15)) >> 16;
  return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

static inline void fovea_from_ycbcr(int y, int cb, int cr, uint8_t* rgb) {
  const int32_t light = 76309 * (y - 16), blue = cb - 128, red = cr - 128;
  rgb[0] = fovea_level(light + 104597 * red);
  rgb[1] = fovea_level(light - 25675 * blue - 53279 * red);
  rgb[2] = fovea_level(light + 132201 * blue);
}

// One row of a frame with two planes or three as red, green and blue.
static inline void fovea_row_of_planes(const struct fovea_frame_format* format, const uint8_t* bytes, int64_t stride, int64_t y,
                                       uint8_t* rgb) {
  const int64_t across = fovea_chroma_stride(format, stride), rows = (format->height + 1) / 2;
  const int64_t step = format->pixels == fovea_nv12 ? 2 : 1;
  const uint8_t* blue = bytes + stride * format->height + y / 2 * across;
  const uint8_t* red = format->pixels == fovea_nv12 ? blue + 1 : blue + rows * across;
  for (int64_t x = 0; x < format->width; ++x)
    fovea_from_ycbcr(bytes[y * stride + x], blue[x / 2 * step], red[x / 2 * step], rgb + 3 * x);
}

// The pixels of a frame, which has fovea_frame_bytes() bytes, as red, green and blue, [height, width, 3].
static inline void fovea_frame_colors(const struct fovea_frame_format* format, const uint8_t* bytes, int64_t stride,
                                      uint8_t* rgb) {
  const int64_t width = format->width;
  for (int64_t y = 0; y < format->height; ++y, rgb += 3 * width) {
    const uint8_t* row = bytes + y * stride;
    switch (format->pixels) {
      case fovea_rgb24:
        memcpy(rgb, row, (size_t)(3 * width));
        break;
      case fovea_bgr24:
        for (int64_t i = 0; i < 3 * width; ++i) rgb[i] = row[i - i % 3 + (2 - i % 3)];
        break;
      case fovea_gray:
        for (int64_t i = 0; i < 3 * width; ++i) rgb[i] = row[i / 3];
        break;
      case fovea_yuyv422:
        for (int64_t x = 0; x < width; ++x)
          fovea_from_ycbcr(row[2 * x], row[4 * (x / 2) + 1], row[4 * (x / 2) + 3], rgb + 3 * x);
        break;
      default:
        fovea_row_of_planes(format, bytes, stride, y, rgb);
    }
  }
}

#endif  // FOVEA_DATA_FRAME_FORMAT_H
