// SPDX-License-Identifier: Apache-2.0
// From pixels to what a network reads, in the common subset of C and C++. A program for a device (fovea/deploy/program)
// compiles this file, so that it computes the same numbers as `fovea classify`. Nothing is allocated. The compiler must not
// fuse products and sums here (-ffp-contract=off where the processor can).
#ifndef FOVEA_DATA_PIXEL_ARITHMETIC_H
#define FOVEA_DATA_PIXEL_ARITHMETIC_H

#include <math.h>
#include <stdint.h>

// The gray of a pixel of red, green and blue: 0.299 R + 0.587 G + 0.114 B. The three weights sum to 2^16, so that a gray pixel
// keeps its exact value.
static inline uint8_t fovea_luma(const uint8_t* pixel) {
  return (uint8_t)((pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16);
}

static inline float fovea_normalized(int pixel, float mean, float deviation) {
  return ((float)pixel / 255.0f - mean) / deviation;
}

// Where a side of the center crop begins and how long it is, in pixels of the original image. The side of `extent` pixels is
// resized to `resized` before `crop` of them are taken from its center (with torchvision's rounding: Resize, CenterCrop).
static inline void fovea_center_side(int64_t extent, int64_t resized, int64_t crop, double* begin, double* length) {
  const double scale = (double)extent / (double)resized;
  *begin = nearbyint((double)(resized - crop) / 2) * scale;
  *length = (double)crop * scale;
}

// What the shorter side is resized to; 0 stands for 8/7 of the crop's side, such as 256 for 224.
static inline int64_t fovea_resized_side(int64_t crop_height, int64_t crop_width, int64_t resize) {
  const int64_t crop = crop_height > crop_width ? crop_height : crop_width;
  const int64_t target = resize > 0 ? resize : llround((double)crop / 0.875);
  return target > crop ? target : crop;
}

// Resizing as in Pillow (Image.resize): horizontally, then vertically, with 8-bit pixels in between. Sample i of an axis is the
// sum of weights[i * taps + k] * source[first[i] + k], in units of 2^-22. All samples have the same number of taps, some with
// weight 0.
enum { fovea_weight_bits = 22, fovea_half_weight = 1 << 21 };

static inline double fovea_triangle(double x) {
  x = 1 - fabs(x);
  return x > 0 ? x : 0;
}

// Keys, "Cubic convolution interpolation for digital image processing", 1981.
static inline double fovea_cubic(double x) {
  const double a = -0.5;
  x = fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// How far the filter reaches to each side; it is as wide as the samples that it stands for.
static inline double fovea_reach(double length, int64_t to, int bicubic) {
  const double scale = length / (double)to;
  return (bicubic ? 2.0 : 1.0) * (scale > 1.0 ? scale : 1.0);
}

static inline int64_t fovea_taps(int64_t extent, double length, int64_t to, int bicubic) {
  const int64_t taps = (int64_t)ceil(fovea_reach(length, to, bicubic)) * 2 + 1;
  return extent < taps ? extent : taps;
}

// The taps of samples 0 to `to` for the part [begin, begin + length) of an axis of `extent` pixels.
static inline void fovea_footprints(int64_t extent, double begin, double length, int64_t to, int bicubic, int32_t* first,
                                    int32_t* weights) {
  const int64_t taps = fovea_taps(extent, length, to, bicubic);
  const double scale = length / (double)to;
  const double reach = fovea_reach(length, to, bicubic);
  const double narrow = 1 / (scale > 1.0 ? scale : 1.0);
  for (int64_t i = 0; i < to; ++i) {
    const double center = begin + ((double)i + 0.5) * scale;
    int64_t low = (int64_t)(center - reach + 0.5);
    int64_t high = (int64_t)(center + reach + 0.5);
    if (low < 0) low = 0;
    if (high > extent) high = extent;
    if (high > low + taps) high = low + taps;
    const int64_t start = low < extent - taps ? low : extent - taps;  // keeps the taps inside the axis
    first[i] = (int32_t)start;
    double sum = 0;
    for (int64_t j = low; j < high; ++j) {
      const double distance = ((double)j - center + 0.5) * narrow;
      sum += bicubic ? fovea_cubic(distance) : fovea_triangle(distance);
    }
    for (int64_t k = 0; k < taps; ++k) weights[i * taps + k] = 0;
    for (int64_t j = low; j < high; ++j) {
      const double distance = ((double)j - center + 0.5) * narrow;
      const double weight = bicubic ? fovea_cubic(distance) : fovea_triangle(distance);
      weights[i * taps + j - start] = (int32_t)lround(weight * (1 / sum) * (1 << fovea_weight_bits));
    }
  }
}

static inline uint8_t fovea_weighted_pixel(int32_t sum) {
  const int32_t pixel = sum >> fovea_weight_bits;
  return (uint8_t)(pixel < 0 ? 0 : pixel > 255 ? 255 : pixel);
}

// Resamples one row of pixels with `channels` (1 or 3, a constant where this is inlined) to `to` samples.
static inline __attribute__((always_inline)) void fovea_across(const uint8_t* source, uint8_t* target, int64_t to,
                                                               int64_t channels, int64_t taps, const int32_t* first,
                                                               const int32_t* weights) {
  for (int64_t x = 0; x < to; ++x, weights += taps) {
    const uint8_t* pixel = source + first[x] * channels;
    int32_t sums[3] = {fovea_half_weight, fovea_half_weight, fovea_half_weight};
    for (int64_t k = 0; k < taps; ++k) {
      for (int64_t c = 0; c < channels; ++c) sums[c] += weights[k] * pixel[k * channels + c];
    }
    for (int64_t c = 0; c < channels; ++c) target[x * channels + c] = fovea_weighted_pixel(sums[c]);
  }
}

// Computes `size` numbers of the result from `taps` rows.
static inline __attribute__((always_inline)) void fovea_down(const uint8_t* source, int64_t stride, const int32_t* weights,
                                                             int64_t taps, uint8_t* target, int64_t size) {
  enum { block = 64 };  // sums that stay in registers
  int64_t at = 0;
  for (; at + block <= size; at += block) {
    int32_t sums[block];
    for (int i = 0; i < block; ++i) sums[i] = fovea_half_weight;
    for (int64_t k = 0; k < taps; ++k) {
      const uint8_t* row = source + k * stride + at;
      const int32_t weight = weights[k];
      for (int i = 0; i < block; ++i) sums[i] += weight * row[i];
    }
    for (int i = 0; i < block; ++i) target[at + i] = fovea_weighted_pixel(sums[i]);
  }
  for (; at < size; ++at) {
    int32_t sum = fovea_half_weight;
    for (int64_t k = 0; k < taps; ++k) sum += weights[k] * source[k * stride + at];
    target[at] = fovea_weighted_pixel(sum);
  }
}

#endif  // FOVEA_DATA_PIXEL_ARITHMETIC_H
