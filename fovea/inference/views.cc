// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/views.h"

#include <algorithm>
#include <vector>

#include "fovea/core/error.h"

namespace fovea {
namespace {

int64_t reflected(int64_t position, int64_t extent) {
  if (position < 0) return -position;
  return position < extent ? position : 2 * extent - 2 - position;
}

// Moves the pixel from(y, x) of each image to (y, x).
template <typename From>
Tensor rearranged(const Tensor& images, From from) {
  if (images.shape().size() != 4)
    refuse("views are for images [n, height, width, channels], not for {}", to_string(images.shape()));
  const int64_t height = images.shape()[1], width = images.shape()[2], channels = images.shape()[3];
  Tensor result(images.shape(), DType::f32);
  for (int64_t image = 0; image < images.shape()[0]; ++image) {
    const float* source = images.data<float>() + image * height * width * channels;
    float* target = result.data<float>() + image * height * width * channels;
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x, target += channels) {
        const auto [row, column] = from(y, x);
        std::copy_n(source + (row * width + column) * channels, channels, target);
      }
    }
  }
  return result;
}

}  // namespace

Views views_of(const std::string& name) {
  if (name == "one") return Views::one;
  if (name == "mirror") return Views::mirror;
  if (name == "six") return Views::six;
  refuse_unknown("views", name, std::vector<std::string>{"one", "mirror", "six"});
}

Tensor mirrored(const Tensor& images) {
  return rearranged(images, [&](int64_t y, int64_t x) { return std::pair(y, images.shape()[2] - 1 - x); });
}

Tensor moved(const Tensor& images, int64_t down, int64_t right) {
  return rearranged(images, [&](int64_t y, int64_t x) {
    return std::pair(reflected(y + down, images.shape()[1]), reflected(x + right, images.shape()[2]));
  });
}

}  // namespace fovea
