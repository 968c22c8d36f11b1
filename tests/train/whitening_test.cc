// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/whitening.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {
namespace {

TEST(Eigensystem, TakesASymmetricMatrixApart) {
  for (const int64_t n : {1, 2, 5, 12}) {
    Random random(7, static_cast<uint64_t>(n));
    std::vector<double> matrix(static_cast<size_t>(n * n));
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j <= i; ++j) {
        matrix[static_cast<size_t>(i * n + j)] = matrix[static_cast<size_t>(j * n + i)] = random.normal();
      }
    }
    const Eigensystem system = eigensystem_of(matrix, n);
    const auto vector = [&](int64_t i, int64_t k) { return system.vectors[static_cast<size_t>(i * n + k)]; };
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_LE(system.values[static_cast<size_t>(std::max<int64_t>(i - 1, 0))], system.values[static_cast<size_t>(i)]);
      for (int64_t j = 0; j < n; ++j) {
        double product = 0, mapped = 0;
        for (int64_t k = 0; k < n; ++k) {
          product += vector(i, k) * vector(j, k);
          mapped += matrix[static_cast<size_t>(j * n + k)] * vector(i, k);
        }
        EXPECT_NEAR(product, i == j, 1e-12);
        EXPECT_NEAR(mapped, system.values[static_cast<size_t>(i)] * vector(i, j), 1e-12);
      }
    }
  }
}

// The first half of the outputs, over all patches, has covariance 1 and no correlation; the second half is its negative.
TEST(Whitening, DecorrelatesPatches) {
  const auto dataset = open_dataset("digits:300", Split::train, {.seed = 3});
  const ImageShape shape = dataset->image_shape();
  const Preprocessing preprocessing = {.mean = {0.1f}, .deviation = {0.3f}};
  const Tensor filter = whitening_filters(*dataset, preprocessing, {2, 2, 1, 8});
  std::vector<double> covariance(64);
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.size()));
  double count = 0;
  for (int64_t image = 0; image < dataset->count(); ++image) {
    dataset->read_image(image, pixels);
    const auto pixel = [&](int64_t y, int64_t x) {
      return (pixels[static_cast<size_t>(y * shape.width + x)] / 255.0 - 0.1) / 0.3;
    };
    for (int64_t y = 0; y + 1 < shape.height; ++y) {
      for (int64_t x = 0; x + 1 < shape.width; ++x, ++count) {
        double outputs[8] = {};
        for (int64_t tap = 0; tap < 4; ++tap) {
          for (int64_t out = 0; out < 8; ++out)
            outputs[out] += pixel(y + tap / 2, x + tap % 2) * filter.data<float>()[tap * 8 + out];
        }
        for (int64_t i = 0; i < 64; ++i) covariance[static_cast<size_t>(i)] += outputs[i / 8] * outputs[i % 8];
      }
    }
  }
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      const double here = covariance[static_cast<size_t>(i * 8 + j)] / count;
      EXPECT_NEAR(here, i == j, 0.05) << i << " " << j;  // 1, except for what is added to small eigenvalues
      EXPECT_NEAR(covariance[static_cast<size_t>(i * 8 + 4 + j)] / count, -here, 1e-4);
    }
  }
  EXPECT_THROW(whitening_filters(*dataset, preprocessing, {2, 2, 1, 9}), Error);
  EXPECT_THROW(whitening_filters(*dataset, preprocessing, {2, 2, 3, 24}), Error);
}

}  // namespace
}  // namespace fovea
