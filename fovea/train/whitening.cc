// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/whitening.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/data/augment/augment.h"

namespace fovea {
namespace {

constexpr int64_t images_used = 5000;
constexpr double ridge = 5e-4;

size_t at(int64_t row, int64_t column, int64_t n) { return static_cast<size_t>(row * n + column); }

// Rotates rows (and columns) p and q so that the entry (p, q) becomes 0.
void rotate(std::vector<double>& a, std::vector<double>& vectors, int64_t p, int64_t q, int64_t n) {
  const double apart = (a[at(q, q, n)] - a[at(p, p, n)]) / (2 * a[at(p, q, n)]);
  const double tangent = (apart >= 0 ? 1 : -1) / (std::abs(apart) + std::sqrt(apart * apart + 1));
  const double cosine = 1 / std::sqrt(tangent * tangent + 1), sine = tangent * cosine;
  const auto turn = [&](double& first, double& second) {
    const double old = first;
    first = cosine * old - sine * second;
    second = sine * old + cosine * second;
  };
  for (int64_t i = 0; i < n; ++i) turn(a[at(i, p, n)], a[at(i, q, n)]);
  for (int64_t i = 0; i < n; ++i) turn(a[at(p, i, n)], a[at(q, i, n)]);
  for (int64_t i = 0; i < n; ++i) turn(vectors[at(p, i, n)], vectors[at(q, i, n)]);
}

double off_diagonal(const std::vector<double>& a, int64_t n) {
  double sum = 0;
  for (int64_t p = 0; p < n; ++p) {
    for (int64_t q = p + 1; q < n; ++q) sum += a[at(p, q, n)] * a[at(p, q, n)];
  }
  return sum;
}

// The mean of patch times transposed patch over all patches [height, width, channels] of the images.
std::vector<double> covariance_of(const Dataset& dataset, const Preprocessing& preprocessing, int64_t height, int64_t width) {
  const ImageShape shape = dataset.image_shape();
  const int64_t size = height * width * shape.channels;
  const Augmenter normalizer(shape, {.mean = preprocessing.mean, .deviation = preprocessing.deviation});
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.size()));
  std::vector<float> values(pixels.size());
  std::vector<double> sum(static_cast<size_t>(size * size)), patch(static_cast<size_t>(size));
  const int64_t images = std::min(images_used, dataset.count());
  const int64_t row = width * shape.channels, stride = shape.width * shape.channels;
  for (int64_t image = 0; image < images; ++image) {
    dataset.read_image(image, pixels);
    normalizer.apply(pixels, values, 0, 0, image);
    for (int64_t y = 0; y + height <= shape.height; ++y) {
      for (int64_t x = 0; x + width <= shape.width; ++x) {
        for (int64_t line = 0; line < height; ++line) {
          std::copy_n(values.data() + (y + line) * stride + x * shape.channels, row, patch.data() + line * row);
        }
        for (int64_t i = 0; i < size; ++i) {
          for (int64_t j = 0; j <= i; ++j) sum[at(i, j, size)] += patch[static_cast<size_t>(i)] * patch[static_cast<size_t>(j)];
        }
      }
    }
  }
  const auto count = static_cast<double>(images * (shape.height - height + 1) * (shape.width - width + 1));
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j <= i; ++j) sum[at(j, i, size)] = sum[at(i, j, size)] /= count;
  }
  return sum;
}

}  // namespace

Eigensystem eigensystem_of(std::vector<double> matrix, int64_t n) {
  std::vector<double> vectors(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i) vectors[at(i, i, n)] = 1;
  const double whole = std::inner_product(matrix.begin(), matrix.end(), matrix.begin(), 0.0);
  // Converges quadratically, within a few sweeps.
  for (int sweep = 0; sweep < 50 && off_diagonal(matrix, n) > 1e-30 * whole; ++sweep) {
    for (int64_t p = 0; p < n; ++p) {
      for (int64_t q = p + 1; q < n; ++q) {
        if (matrix[at(p, q, n)] != 0) rotate(matrix, vectors, p, q, n);
      }
    }
  }
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return matrix[at(a, a, n)] < matrix[at(b, b, n)]; });
  Eigensystem result;
  for (const int64_t i : order) {
    result.values.push_back(matrix[at(i, i, n)]);
    const auto begin = vectors.begin() + i * n;
    const double largest = *std::max_element(begin, begin + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
    for (auto entry = begin; entry != begin + n; ++entry) result.vectors.push_back(largest < 0 ? -*entry : *entry);
  }
  return result;
}

Tensor whitening_filters(const Dataset& dataset, const Preprocessing& preprocessing, const Shape& shape) {
  const int64_t size = shape.size() == 4 ? shape[0] * shape[1] * shape[2] : 0;
  const ImageShape image = dataset.image_shape();
  if (size == 0 || shape[3] != 2 * size || shape[2] != image.channels || shape[0] > image.height || shape[1] > image.width) {
    refuse("a filter of {} cannot whiten images {}x{}x{}: it must be [height, width, {}, 2 * height * width * {}]",
           to_string(shape), image.height, image.width, image.channels, image.channels, image.channels);
  }
  const Eigensystem system = eigensystem_of(covariance_of(dataset, preprocessing, shape[0], shape[1]), size);
  Tensor filter(shape, DType::f32);
  for (int64_t out = 0; out < size; ++out) {
    const double scale = 1 / std::sqrt(std::max(0.0, system.values[static_cast<size_t>(out)]) + ridge);
    for (int64_t tap = 0; tap < size; ++tap) {
      const auto value = static_cast<float>(scale * system.vectors[at(out, tap, size)]);
      filter.data<float>()[tap * 2 * size + out] = value;
      filter.data<float>()[tap * 2 * size + size + out] = -value;
    }
  }
  return filter;
}

}  // namespace fovea
