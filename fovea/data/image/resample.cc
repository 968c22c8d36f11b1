// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/resample.h"

#include "fovea/core/error.h"
#include "fovea/data/image/pixel_arithmetic.h"

// The inner loops are plain C++. A processor with wider registers than the build targets gets a second copy of them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define FOVEA_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define FOVEA_CLONES
#endif

namespace fovea {
namespace {

// Where the samples of one axis come from.
struct Footprints {
  int64_t taps = 0;
  std::vector<int32_t> first;
  std::vector<int32_t> weights;
};

// `begin` and `length` are the box's side on an axis of `extent` pixels.
Footprints footprints(int64_t extent, double begin, double length, int64_t to, Interpolation interpolation) {
  const bool bicubic = interpolation == Interpolation::bicubic;
  Footprints result;
  result.taps = fovea_taps(extent, length, to, bicubic);
  result.first.resize(static_cast<size_t>(to));
  result.weights.resize(static_cast<size_t>(to * result.taps));
  fovea_footprints(extent, begin, length, to, bicubic, result.first.data(), result.weights.data());
  return result;
}

FOVEA_CLONES void across_rows(const uint8_t* source, int64_t stride, uint8_t* target, int64_t rows, int64_t to,
                              int64_t channels, const Footprints& columns) {
  const int32_t* first = columns.first.data();
  const int32_t* weights = columns.weights.data();
  for (int64_t y = 0; y < rows; ++y, source += stride, target += to * channels) {
    channels == 3 ? fovea_across(source, target, to, 3, columns.taps, first, weights)
                  : fovea_across(source, target, to, 1, columns.taps, first, weights);
  }
}

FOVEA_CLONES void down_row(const uint8_t* source, int64_t stride, const int32_t* weights, int64_t taps, uint8_t* target,
                           int64_t size) {
  fovea_down(source, stride, weights, taps, target, size);
}

void check(const Image& image, const CropBox& box, int64_t height, int64_t width, Interpolation interpolation) {
  if (height < 1 || width < 1) refuse("an image cannot be resized to {}x{}", height, width);
  if (image.shape.height < 1 || image.shape.width < 1) fail("an empty image cannot be resized");
  if (image.shape.channels != 1 && image.shape.channels != 3) {
    refuse("an image of {} channels cannot be resized: 1 or 3", image.shape.channels);
  }
  if (interpolation == Interpolation::nearest) refuse("resizing is bilinear or bicubic");
  constexpr double slack = 1e-6;
  const bool inside = box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0 &&
                      box.top + box.height <= static_cast<double>(image.shape.height) + slack &&
                      box.left + box.width <= static_cast<double>(image.shape.width) + slack;
  if (!inside) {
    refuse("no box of {}x{} at {}, {} in an image of {}x{}", box.height, box.width, box.top, box.left, image.shape.height,
           image.shape.width);
  }
}

}  // namespace

void resize(Image& result, const Image& image, const CropBox& box, int64_t height, int64_t width, Interpolation interpolation) {
  check(image, box, height, width, interpolation);
  const int64_t channels = image.shape.channels;
  const Footprints columns = footprints(image.shape.width, box.left, box.width, width, interpolation);
  const Footprints rows = footprints(image.shape.height, box.top, box.height, height, interpolation);
  // Horizontally first, as in Pillow, whose 8-bit intermediate image this reproduces; only the rows that are needed.
  const int64_t top = rows.first.front();
  const int64_t bottom = rows.first.back() + rows.taps;
  const int64_t stride = width * channels;
  std::vector<uint8_t> between(static_cast<size_t>((bottom - top) * stride));
  across_rows(image.pixels.data() + top * image.shape.width * channels, image.shape.width * channels, between.data(),
              bottom - top, width, channels, columns);
  result.shape = {height, width, channels};
  result.pixels.resize(static_cast<size_t>(height * stride));
  for (int64_t y = 0; y < height; ++y) {
    down_row(between.data() + (rows.first[static_cast<size_t>(y)] - top) * stride, stride, rows.weights.data() + y * rows.taps,
             rows.taps, result.pixels.data() + y * stride, stride);
  }
}

Image resize(const Image& image, int64_t height, int64_t width, Interpolation interpolation) {
  Image result;
  const CropBox whole{0, 0, static_cast<double>(image.shape.height), static_cast<double>(image.shape.width)};
  resize(result, image, whole, height, width, interpolation);
  return result;
}

}  // namespace fovea
