// SPDX-License-Identifier: Apache-2.0
// Integer arithmetic in plain loops as XNNPACK and TensorFlow Lite define it, by bits and magic numbers where they do so.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/reference/reference.h"

namespace fovea::reference {

// real = scale * (q - zero). Several scales belong to the positions of the last dimension.
struct Coding {
  std::vector<float> scales;
  std::vector<int64_t> zeros;
  bool is_signed = true;

  size_t channel(int64_t last) const { return scales.size() > 1 ? static_cast<size_t>(last) : 0; }
  int64_t least() const { return is_signed ? -128 : 0; }
  int64_t most() const { return is_signed ? 127 : 255; }
};

struct Integers {
  Shape shape;
  std::vector<int64_t> values;
  Coding coding;

  int64_t at(const Shape& index) const;
};

// Visits the cells of the window at `output` that are in the image: (spatial index, tap index).
void each_tap(const Shape& image, const std::vector<int64_t>& window, const Movement& movement, const Shape& output,
              const std::function<void(const Shape& cell, const Shape& tap)>& visit);

Integers quantized_conv(const Integers& image, const Integers& filter, const std::vector<int64_t>& bias,
                        const Movement& movement, const std::string& activation, bool twice_rounded, const Coding& output);
Integers quantized_dense(const Integers& input, const Integers& weight, const std::vector<int64_t>& bias,
                         const std::string& activation, bool twice_rounded, const Coding& output);
Integers quantized_sum(const Integers& lhs, const Integers& rhs, int sign, const std::string& activation, const Coding& output);
Integers quantized_product(const Integers& lhs, const Integers& rhs, const std::string& activation, const Coding& output);
Integers quantized_average(const Integers& image, const std::vector<int64_t>& window, const Movement& movement,
                           const std::string& activation);
Integers quantized_maximum(const Integers& image, const std::vector<int64_t>& window, const Movement& movement);
Integers quantized_mean(const Integers& input, const std::vector<int64_t>& dims, const Coding& output);
Integers requantized(const Integers& input, const Coding& output);
Integers quantized(const Shape& shape, const std::vector<float>& reals, const Coding& output);
std::vector<float> dequantized(const Integers& input);
Integers quantized_softmax(const Integers& input, float beta, const Coding& output);
Integers quantized_function(const Integers& input, const std::function<double(double)>& function, const Coding& output);
Integers quantized_relu(const Integers& input, const std::string& activation, const Coding& output);
Integers resized_bilinear(const Integers& image, const std::vector<int64_t>& size, bool align_corners, bool half_pixel);

}  // namespace fovea::reference
