// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/quantized.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace fovea::reference {
namespace {

int64_t place(const Shape& shape, const Shape& index) {
  int64_t result = 0;
  for (size_t dim = 0; dim < shape.size(); ++dim) result = result * shape[dim] + index[dim];
  return result;
}

Integers like(const Shape& shape, const Coding& coding) {
  return {shape, std::vector<int64_t>(static_cast<size_t>(element_count(shape))), coding};
}

std::pair<int64_t, int64_t> bounds(const std::string& activation, const Coding& output) {
  const auto of = [&](float real) {
    return std::clamp<int64_t>(std::lround(real / output.scales[0]) + output.zeros[0], output.least(), output.most());
  };
  if (activation == "relu") return {of(0), output.most()};
  if (activation == "relu6") return {of(0), of(6)};
  if (activation == "relu_n1_to_1") return {of(-1), of(1)};
  return {output.least(), output.most()};
}

// XNNPACK's magic bias: adding 1.5 * 2^23 leaves the rounded integer in the low bits.
int64_t by_magic_bias(int64_t sum, float multiplier, const Coding& output, std::pair<int64_t, int64_t> range) {
  volatile float scaled = static_cast<float>(static_cast<int32_t>(sum)) * multiplier;
  scaled = std::clamp(scaled + 0.0F, -4e6F, 4e6F);
  volatile float biased = scaled + 12582912.0F;
  const int64_t rounded = std::bit_cast<int32_t>(static_cast<float>(biased)) - 0x4B400000;
  return std::clamp(rounded + output.zeros[0], range.first, range.second);
}

// gemmlowp's rounding, twice.
int64_t twice(int64_t sum, double real, const Coding& output, std::pair<int64_t, int64_t> range) {
  int exponent = 0;
  const double fraction = std::frexp(real, &exponent);
  int64_t q = std::llround(fraction * 2147483648.0);
  if (q == int64_t{1} << 31) q /= 2, ++exponent;
  if (exponent < -31) q = 0, exponent = 0;
  const int left = std::max(exponent, 0), right = std::max(-exponent, 0);
  const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(sum) << left);
  const int64_t product = static_cast<int64_t>(shifted) * q;
  const int64_t high = (product + (product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30))) / (int64_t{1} << 31);
  const auto nearest = static_cast<int64_t>(std::round(std::ldexp(static_cast<double>(high), -right)));
  return std::clamp(nearest + output.zeros[0], range.first, range.second);
}

int64_t finished(int64_t sum, float in, float weight, bool twice_rounded, const std::string& activation, const Coding& output) {
  const auto range = bounds(activation, output);
  if (twice_rounded) return twice(sum, static_cast<double>(in) * weight / output.scales[0], output, range);
  volatile float product = in * weight;
  return by_magic_bias(sum, product / output.scales[0], output, range);
}

Shape broadcast_index(const Shape& shape, const Shape& index) {
  Shape own(index.end() - static_cast<std::ptrdiff_t>(shape.size()), index.end());
  for (size_t dim = 0; dim < shape.size(); ++dim)
    if (shape[dim] == 1) own[dim] = 0;
  return own;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (const Shape& one : {a, b})
    for (size_t dim = 0; dim < one.size(); ++dim) {
      int64_t& size = shape[shape.size() - one.size() + dim];
      size = std::max(size, one[dim]);
    }
  return shape;
}

Integers each_pair(const Integers& lhs, const Integers& rhs, const Coding& output,
                   const std::function<int64_t(int64_t, int64_t)>& function) {
  Integers result = like(broadcast_shape(lhs.shape, rhs.shape), output);
  each_index(result.shape, [&](const Shape& index) {
    result.values[place(result.shape, index)] =
        function(lhs.at(broadcast_index(lhs.shape, index)), rhs.at(broadcast_index(rhs.shape, index)));
  });
  return result;
}

// The shape of the result of a window over `image` with `channels` channels.
Shape windowed(const Shape& image, const std::vector<int64_t>& window, const Movement& movement, int64_t channels) {
  Tensor ones({1, 1}, DType::f64);
  Shape shape{image[0]};
  for (size_t dim = 0; dim < window.size(); ++dim) {
    const int64_t stride = movement.strides.empty() ? 1 : movement.strides[dim];
    const int64_t reach = (window[dim] - 1) * (movement.dilations.empty() ? 1 : movement.dilations[dim]) + 1;
    const int64_t cells = movement.cells.empty() ? 0 : movement.cells[2 * dim] + movement.cells[2 * dim + 1];
    const bool same = movement.cells.empty() && movement.padding == "same";
    shape.push_back(same ? (image[dim + 1] + stride - 1) / stride : (image[dim + 1] + cells - reach) / stride + 1);
  }
  shape.push_back(channels);
  return shape;
}

}  // namespace

int64_t Integers::at(const Shape& index) const { return values[static_cast<size_t>(place(shape, index))]; }

void each_tap(const Shape& image, const std::vector<int64_t>& window, const Movement& movement, const Shape& output,
              const std::function<void(const Shape&, const Shape&)>& visit) {
  const Shape shape = windowed(image, window, movement, 1);
  each_index(window, [&](const Shape& tap) {
    Shape cell;
    for (size_t dim = 0; dim < window.size(); ++dim) {
      const int64_t stride = movement.strides.empty() ? 1 : movement.strides[dim];
      const int64_t dilation = movement.dilations.empty() ? 1 : movement.dilations[dim];
      int64_t before = movement.cells.empty() ? 0 : movement.cells[2 * dim];
      if (movement.cells.empty() && movement.padding == "same") {
        const int64_t all = (shape[dim + 1] - 1) * stride + (window[dim] - 1) * dilation + 1 - image[dim + 1];
        before = std::max<int64_t>(all, 0) / 2;
      }
      cell.push_back(output[dim] * stride + tap[dim] * dilation - before);
      if (cell.back() < 0 || cell.back() >= image[dim + 1]) return;
    }
    visit(cell, tap);
  });
}

Integers quantized_conv(const Integers& image, const Integers& filter, const std::vector<int64_t>& bias,
                        const Movement& movement, const std::string& activation, bool twice_rounded, const Coding& output) {
  const size_t spatial = image.shape.size() - 2;
  const std::vector<int64_t> window(filter.shape.begin(), filter.shape.begin() + static_cast<std::ptrdiff_t>(spatial));
  const int64_t filters = filter.shape.back(), in = filter.shape[spatial], per_group = filters / movement.groups;
  Integers result = like(windowed(image.shape, window, movement, filters), output);
  each_index(result.shape, [&](const Shape& index) {
    const int64_t f = index.back();
    const size_t channel = filter.coding.channel(f);
    int64_t sum = bias[static_cast<size_t>(f)];
    const Shape at(index.begin() + 1, index.end() - 1);
    each_tap(image.shape, window, movement, at, [&](const Shape& cell, const Shape& tap) {
      for (int64_t c = 0; c < in; ++c) {
        Shape read{index[0]}, weight(tap);
        read.insert(read.end(), cell.begin(), cell.end());
        read.push_back(f / per_group * in + c);
        weight.push_back(c);
        weight.push_back(f);
        sum += (image.at(read) - image.coding.zeros[0]) * (filter.at(weight) - filter.coding.zeros[channel]);
      }
    });
    result.values[static_cast<size_t>(place(result.shape, index))] =
        finished(sum, image.coding.scales[0], filter.coding.scales[channel], twice_rounded, activation, output);
  });
  return result;
}

Integers quantized_dense(const Integers& input, const Integers& weight, const std::vector<int64_t>& bias,
                         const std::string& activation, bool twice_rounded, const Coding& output) {
  Integers image = input, filter = weight;
  image.shape = {input.shape[0], 1, input.shape[1]};
  filter.shape = {1, weight.shape[0], weight.shape[1]};
  Integers result = quantized_conv(image, filter, bias, {}, activation, twice_rounded, output);
  result.shape = {input.shape[0], weight.shape[1]};
  return result;
}

Integers quantized_sum(const Integers& lhs, const Integers& rhs, int sign, const std::string& activation,
                       const Coding& output) {
  const float left = lhs.coding.scales[0] / output.scales[0], right = rhs.coding.scales[0] / output.scales[0];
  int shift = 0;
  while (std::ldexp(std::max(left, right), shift) < 1048576.0F) ++shift;
  while (std::ldexp(std::max(left, right), shift) >= 2097152.0F) --shift;
  const int64_t a = std::lrint(std::ldexp(left, shift)), b = sign * std::lrint(std::ldexp(right, shift));
  const auto range = bounds(activation, output);
  return each_pair(lhs, rhs, output, [&](int64_t x, int64_t y) {
    const int64_t sum = (x - lhs.coding.zeros[0]) * a + (y - rhs.coding.zeros[0]) * b + (int64_t{1} << (shift - 1));
    return std::clamp((sum >> shift) + output.zeros[0], range.first, range.second);
  });
}

Integers quantized_product(const Integers& lhs, const Integers& rhs, const std::string& activation, const Coding& output) {
  volatile float product = lhs.coding.scales[0] * rhs.coding.scales[0];
  const float multiplier = product / output.scales[0];
  return each_pair(lhs, rhs, output, [&](int64_t x, int64_t y) {
    return by_magic_bias((x - lhs.coding.zeros[0]) * (y - rhs.coding.zeros[0]), multiplier, output, bounds(activation, output));
  });
}

Integers quantized_average(const Integers& image, const std::vector<int64_t>& window, const Movement& movement,
                           const std::string& activation) {
  Integers result = like(windowed(image.shape, window, movement, image.shape.back()), image.coding);
  const auto range = bounds(activation, image.coding);
  each_index(result.shape, [&](const Shape& index) {
    int64_t sum = 0, count = 0;
    each_tap(image.shape, window, movement, Shape(index.begin() + 1, index.end() - 1), [&](const Shape& cell, const Shape&) {
      Shape read{index[0]};
      read.insert(read.end(), cell.begin(), cell.end());
      read.push_back(index.back());
      sum += image.at(read);
      ++count;
    });
    const int64_t mean = count == 0 ? 0 : sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
    result.values[static_cast<size_t>(place(result.shape, index))] = std::clamp(mean, range.first, range.second);
  });
  return result;
}

Integers quantized_maximum(const Integers& image, const std::vector<int64_t>& window, const Movement& movement) {
  Integers result = like(windowed(image.shape, window, movement, image.shape.back()), image.coding);
  each_index(result.shape, [&](const Shape& index) {
    int64_t largest = image.coding.least();
    each_tap(image.shape, window, movement, Shape(index.begin() + 1, index.end() - 1), [&](const Shape& cell, const Shape&) {
      Shape read{index[0]};
      read.insert(read.end(), cell.begin(), cell.end());
      read.push_back(index.back());
      largest = std::max(largest, image.at(read));
    });
    result.values[static_cast<size_t>(place(result.shape, index))] = largest;
  });
  return result;
}

Integers quantized_mean(const Integers& input, const std::vector<int64_t>& dims, const Coding& output) {
  Shape kept = input.shape;
  int64_t count = 1;
  for (int64_t dim : dims) {
    count *= kept[static_cast<size_t>(dim)];
    kept[static_cast<size_t>(dim)] = 1;
  }
  Integers result = like(kept, output);
  std::vector<int64_t> sums(result.values.size());
  each_index(input.shape, [&](const Shape& index) { sums[place(kept, broadcast_index(kept, index))] += input.at(index); });
  const float ratio = input.coding.scales[0] / output.scales[0];
  volatile float multiplier = ratio * (1.0F / static_cast<float>(count));
  volatile float offset = static_cast<float>(count * input.coding.zeros[0]) * multiplier;
  volatile float zero = static_cast<float>(output.zeros[0]) - offset;
  for (size_t at = 0; at < sums.size(); ++at) {
    volatile float product = static_cast<float>(sums[at]) * multiplier;
    result.values[at] = std::clamp<int64_t>(std::lrint(product + zero), output.least(), output.most());
  }
  return result;
}

Integers requantized(const Integers& input, const Coding& output) {
  Integers result = like(input.shape, output);
  const float ratio = input.coding.scales[0] / output.scales[0];
  const std::pair<int64_t, int64_t> range{output.least(), output.most()};
  const bool eight_fraction_bits = input.coding.is_signed == output.is_signed && ratio >= 0x1p-8F && ratio <= 0x1p7F;
  for (size_t at = 0; at < result.values.size(); ++at) {
    const int64_t center = input.values[at] - input.coding.zeros[0];
    if (eight_fraction_bits) {
      const int64_t steps = (center * std::lrint(256.0F * ratio) + 128) >> 8;
      result.values[at] = std::clamp(steps + output.zeros[0], range.first, range.second);
    } else {
      result.values[at] = twice(center, static_cast<double>(input.coding.scales[0]) / output.scales[0], output, range);
    }
  }
  return result;
}

Integers quantized(const Shape& shape, const std::vector<float>& reals, const Coding& output) {
  Integers result = like(shape, output);
  for (size_t at = 0; at < reals.size(); ++at) {
    const size_t channel = output.channel(static_cast<int64_t>(at) % shape.back());
    const float steps = std::clamp(reals[at] * (1 / output.scales[channel]), -1000.0F, 1000.0F);
    result.values[at] = std::clamp<int64_t>(std::lrint(steps) + output.zeros[channel], output.least(), output.most());
  }
  return result;
}

std::vector<float> dequantized(const Integers& input) {
  std::vector<float> reals;
  for (size_t at = 0; at < input.values.size(); ++at) {
    const size_t channel = input.coding.channel(static_cast<int64_t>(at) % input.shape.back());
    reals.push_back(static_cast<float>(input.values[at] - input.coding.zeros[channel]) * input.coding.scales[channel]);
  }
  return reals;
}

Integers quantized_softmax(const Integers& input, float beta, const Coding& output) {
  Integers result = like(input.shape, output);
  const auto classes = static_cast<size_t>(input.shape.back());
  for (size_t row = 0; row < result.values.size(); row += classes) {
    const int64_t* q = &input.values[row];
    const int64_t largest = *std::max_element(q, q + classes);
    const auto power = [&](size_t at) {
      const float scale = -input.coding.scales[0] * beta;
      return std::exp(scale * static_cast<float>(largest - q[at]));
    };
    volatile float sum = 0;
    for (size_t at = 0; at < classes; ++at) sum = sum + power(at);
    volatile float scaled = sum * output.scales[0];
    const float reciprocal = 1.0F / scaled;
    for (size_t at = 0; at < classes; ++at) {
      volatile float probability = power(at) * reciprocal;
      const auto whole = static_cast<int64_t>(output.is_signed ? std::round(probability) : std::floor(probability + 0.5F));
      result.values[row + at] = std::clamp(whole + output.zeros[0], output.least(), output.most());
    }
  }
  return result;
}

Integers quantized_function(const Integers& input, const std::function<double(double)>& function, const Coding& output) {
  Integers result = like(input.shape, output);
  for (size_t at = 0; at < result.values.size(); ++at) {
    const double real = input.coding.scales[0] * static_cast<double>(input.values[at] - input.coding.zeros[0]);
    const double steps = std::nearbyint(function(real) / output.scales[0] + static_cast<double>(output.zeros[0]));
    result.values[at] =
        static_cast<int64_t>(std::clamp(steps, static_cast<double>(output.least()), static_cast<double>(output.most())));
  }
  return result;
}

Integers quantized_relu(const Integers& input, const std::string& activation, const Coding& output) {
  Integers result = like(input.shape, output);
  const double ratio = static_cast<double>(input.coding.scales[0]) / output.scales[0];
  for (size_t at = 0; at < result.values.size(); ++at)
    result.values[at] = twice(input.values[at] - input.coding.zeros[0], ratio, output, bounds(activation, output));
  return result;
}

Integers resized_bilinear(const Integers& image, const std::vector<int64_t>& size, bool align_corners, bool half_pixel) {
  Integers result = like({image.shape[0], size[0], size[1], image.shape[3]}, image.coding);
  struct Between {
    int64_t first, second, share;
  };
  const auto between = [&](size_t dim, int64_t cell) -> Between {
    const auto in = static_cast<float>(image.shape[dim + 1]), out = static_cast<float>(size[dim]);
    const float scale = align_corners && out > 1 ? (in - 1) / (out - 1) : in / out;
    volatile float offset = half_pixel ? 0.5F * scale - 0.5F : 0;
    volatile float scaled = static_cast<float>(cell) * scale;
    const float at = std::clamp(scaled + offset, 0.0F, in - 1);
    const auto first = static_cast<int64_t>(at);
    return {first, std::min(first + 1, image.shape[dim + 1] - 1), std::lrint((at - static_cast<float>(first)) * 2048)};
  };
  each_index(result.shape, [&](const Shape& index) {
    const Between y = between(0, index[1]), x = between(1, index[2]);
    const auto pixel = [&](int64_t row, int64_t column) { return image.at({index[0], row, column, index[3]}); };
    const int64_t sum = pixel(y.first, x.first) * (2048 - y.share) * (2048 - x.share) +
                        pixel(y.first, x.second) * (2048 - y.share) * x.share +
                        pixel(y.second, x.first) * y.share * (2048 - x.share) + pixel(y.second, x.second) * y.share * x.share;
    result.values[static_cast<size_t>(place(result.shape, index))] = (sum + (int64_t{1} << 21)) >> 22;
  });
  return result;
}

}  // namespace fovea::reference
