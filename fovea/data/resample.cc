#include "fovea/data/resample.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"

// The inner loops are plain; a processor with wider registers than the build was for is served by a second copy of them.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define FOVEA_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define FOVEA_CLONES
#endif

namespace fovea {
namespace {

constexpr int precision = 22;  // of the weights, as Pillow's: 8 bits of pixel and 2 to spare
constexpr int rounding = 1 << (precision - 1);

// Where the samples of one axis come from: sample i is the sum of weights[i * taps + k] * source[first[i] + k]. Every sample
// has the same number of taps, some of weight 0, so that the loops over them are alike.
struct Footprints {
  int64_t taps = 0;
  std::vector<int32_t> first;
  std::vector<int32_t> weights;
};

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

// Keys, "Cubic convolution interpolation for digital image processing", 1981.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// `begin` and `length` are the box's side in an axis of `extent` pixels.
Footprints footprints(int64_t extent, double begin, double length, int64_t to, Interpolation interpolation) {
  const bool bicubic = interpolation == Interpolation::bicubic;
  const double scale = length / static_cast<double>(to);
  const double stretch = std::max(scale, 1.0);  // the filter is as wide as the samples it stands for
  const double reach = (bicubic ? 2.0 : 1.0) * stretch;
  Footprints result;
  result.taps = std::min<int64_t>(extent, static_cast<int64_t>(std::ceil(reach)) * 2 + 1);
  result.first.resize(static_cast<size_t>(to));
  result.weights.resize(static_cast<size_t>(to * result.taps));
  std::vector<double> weights(static_cast<size_t>(result.taps));
  for (int64_t i = 0; i < to; ++i) {
    const double center = begin + (static_cast<double>(i) + 0.5) * scale;
    const int64_t low = std::max<int64_t>(0, static_cast<int64_t>(center - reach + 0.5));
    const int64_t high = std::min<int64_t>({extent, static_cast<int64_t>(center + reach + 0.5), low + result.taps});
    double sum = 0;
    for (int64_t j = low; j < high; ++j) {
      const double distance = (static_cast<double>(j) - center + 0.5) * (1 / stretch);
      sum += weights[static_cast<size_t>(j - low)] = bicubic ? cubic(distance) : triangle(distance);
    }
    const int64_t first = std::min(low, extent - result.taps);  // the taps stay inside the axis
    result.first[static_cast<size_t>(i)] = static_cast<int32_t>(first);
    for (int64_t j = low; j < high; ++j) {
      result.weights[static_cast<size_t>(i * result.taps + j - first)] =
          static_cast<int32_t>(std::lround(weights[static_cast<size_t>(j - low)] * (1 / sum) * (1 << precision)));
    }
  }
  return result;
}

uint8_t to_pixel(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> precision, 0, 255)); }

// One row of pixels of `channels`, to `to` samples.
template <int64_t channels>
inline void across(const uint8_t* source, uint8_t* target, int64_t to, const Footprints& columns) {
  const int32_t* weights = columns.weights.data();
  for (int64_t x = 0; x < to; ++x, weights += columns.taps) {
    const uint8_t* pixel = source + columns.first[static_cast<size_t>(x)] * channels;
    int32_t sums[channels];
    for (int64_t c = 0; c < channels; ++c) sums[c] = rounding;
    for (int64_t k = 0; k < columns.taps; ++k) {
      for (int64_t c = 0; c < channels; ++c) sums[c] += weights[k] * pixel[k * channels + c];
    }
    for (int64_t c = 0; c < channels; ++c) target[x * channels + c] = to_pixel(sums[c]);
  }
}

FOVEA_CLONES void across_rows(const uint8_t* source, int64_t stride, uint8_t* target, int64_t rows, int64_t to,
                              int64_t channels, const Footprints& columns) {
  for (int64_t y = 0; y < rows; ++y, source += stride, target += to * channels) {
    channels == 3 ? across<3>(source, target, to, columns) : across<1>(source, target, to, columns);
  }
}

// One row of the result from `taps` rows below each other.
FOVEA_CLONES void down_row(const uint8_t* source, int64_t stride, const int32_t* weights, int64_t taps, uint8_t* target,
                           int64_t size) {
  constexpr int64_t block = 64;  // sums that stay in registers
  int64_t at = 0;
  for (; at + block <= size; at += block) {
    int32_t sums[block];
    for (int64_t i = 0; i < block; ++i) sums[i] = rounding;
    for (int64_t k = 0; k < taps; ++k) {
      const uint8_t* row = source + k * stride + at;
      const int32_t weight = weights[k];
      for (int64_t i = 0; i < block; ++i) sums[i] += weight * row[i];
    }
    for (int64_t i = 0; i < block; ++i) target[at + i] = to_pixel(sums[i]);
  }
  for (; at < size; ++at) {
    int32_t sum = rounding;
    for (int64_t k = 0; k < taps; ++k) sum += weights[k] * source[k * stride + at];
    target[at] = to_pixel(sum);
  }
}

void check(const Image& image, const Box& box, int64_t height, int64_t width, Interpolation interpolation) {
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

void resize(Image& result, const Image& image, const Box& box, int64_t height, int64_t width, Interpolation interpolation) {
  check(image, box, height, width, interpolation);
  const int64_t channels = image.shape.channels;
  const Footprints columns = footprints(image.shape.width, box.left, box.width, width, interpolation);
  const Footprints rows = footprints(image.shape.height, box.top, box.height, height, interpolation);
  // Across first: the order of Pillow, whose 8-bit intermediate this repeats. Only the rows that are looked at.
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
  const Box whole{0, 0, static_cast<double>(image.shape.height), static_cast<double>(image.shape.width)};
  resize(result, image, whole, height, width, interpolation);
  return result;
}

}  // namespace fovea
