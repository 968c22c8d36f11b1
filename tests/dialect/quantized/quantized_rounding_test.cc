// SPDX-License-Identifier: Apache-2.0
// Integer operators by ONNX's rule against plain loops, bit for bit, over random scales, zero points and types.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/dialect/quantized/quantized_run.h"

namespace fovea {
namespace {

using reference::Coding;
using reference::Integers;
using reference::Movement;

const Attribute onnx = std::string("onnx");

// Some scales are powers of two, for which exact halves occur.
Coding random_coding(Random& random) {
  const bool is_signed = random.bits() % 2 == 0;
  Coding coding{{}, {}, is_signed};
  const bool power = random.bits() % 3 == 0;
  coding.scales = {power ? std::ldexp(1.0F, -static_cast<int>(random.bits() % 6)) : 0.01F + 0.2F * random.uniform(0, 1)};
  coding.zeros = {coding.least() + static_cast<int64_t>(random.bits() % 256)};
  return coding;
}

int64_t saturated(double integer, const Coding& output) {
  return static_cast<int64_t>(std::clamp(integer, static_cast<double>(output.least()), static_cast<double>(output.most())));
}
// round(x / scale) + zero, each step in f32.
int64_t rounded(float steps, const Coding& output) {
  return saturated(static_cast<double>(std::nearbyint(steps)) + static_cast<double>(output.zeros[0]), output);
}
// The number includes the zero point.
int64_t rounded_whole(float number, const Coding& output) { return saturated(std::nearbyint(number), output); }

float real(int64_t q, const Coding& coding) {
  volatile float number = static_cast<float>(q - coding.zeros[0]) * coding.scales[0];
  return number;
}

Integers mapped(const Integers& a, const Integers& b, const Coding& output,
                const std::function<int64_t(int64_t, int64_t)>& function) {
  Integers result{a.shape, {}, output};
  for (size_t at = 0; at < a.values.size(); ++at) result.values.push_back(function(a.values[at], b.values[at]));
  return result;
}

TEST(QuantizedOnce, PairsOfAnyScales) {
  Random random(11, 1);
  for (int draw = 0; draw < 10; ++draw) {
    const Coding left = random_coding(random), right = random_coding(random), output = random_coding(random);
    const Integers lhs = random_integers({7, 53}, left, 1), rhs = random_integers({7, 53}, right, 2);
    const Attributes attributes{{"output", output_type(output)}, {"rounding", onnx}};
    const float a = left.scales[0] / output.scales[0], b = right.scales[0] / output.scales[0];
    volatile float offset = b * static_cast<float>(right.zeros[0]);
    const float fixed = static_cast<float>(output.zeros[0]) - std::fma(a, static_cast<float>(left.zeros[0]), offset);
    expect_integers("quantized_add", {lhs, rhs}, attributes, mapped(lhs, rhs, output, [&](int64_t x, int64_t y) {
                      return rounded_whole(std::fma(static_cast<float>(x), a, std::fma(static_cast<float>(y), b, fixed)),
                                           output);
                    }));
    expect_integers("quantized_sub", {lhs, rhs}, attributes, mapped(lhs, rhs, output, [&](int64_t x, int64_t y) {
                      volatile float difference = real(x, left) - real(y, right);
                      return rounded(difference / output.scales[0], output);
                    }));
    volatile float scales = left.scales[0] * right.scales[0];
    const float multiplier = scales / output.scales[0];
    expect_integers("quantized_mul", {lhs, rhs}, attributes, mapped(lhs, rhs, output, [&](int64_t x, int64_t y) {
                      volatile float steps = static_cast<float>((x - left.zeros[0]) * (y - right.zeros[0])) * multiplier;
                      return rounded_whole(steps + static_cast<float>(output.zeros[0]), output);
                    }));
  }
}

Integers every_integer(const Coding& coding) {
  Integers result{{2, 128}, {}, coding};
  for (int64_t q = coding.least(); q <= coding.most(); ++q) result.values.push_back(q);
  return result;
}

TEST(QuantizedOnce, EveryIntegerOfAnyScale) {
  const std::vector<std::pair<std::string, std::function<float(float)>>> functions = {
      {"relu", [](float x) { return std::max(x, 0.0F); }},
      {"relu6", [](float x) { return std::clamp(x, 0.0F, 6.0F); }},
      {"leaky_relu", [](float x) { return x >= 0 ? x : 0.125F * x; }},
      {"sigmoid", [](float x) { return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(x)))); }},
      {"tanh", [](float x) { return std::tanh(x); }}};
  Random random(12, 1);
  for (int draw = 0; draw < 10; ++draw) {
    const Coding input = random_coding(random);
    Coding output = random_coding(random);
    const Integers integers = every_integer(input);
    Integers wanted{integers.shape, {}, output};
    for (const int64_t q : integers.values) wanted.values.push_back(rounded(real(q, input) / output.scales[0], output));
    expect_integers("quantize", {integers}, {{"output", output_type(output)}, {"rounding", onnx}}, wanted);
    const auto& [name, function] = functions[static_cast<size_t>(draw) % functions.size()];
    wanted.values.clear();
    for (const int64_t q : integers.values)
      wanted.values.push_back(rounded(function(real(q, input)) / output.scales[0], output));
    expect_integers("quantized_activation", {integers},
                    {{"output", output_type(output)}, {"rounding", onnx}, {"function", name}, {"alpha", 0.125}}, wanted);
  }
}

TEST(QuantizedOnce, RealsByDivision) {
  Random random(13, 1);
  const Shape shape{3, 5, 17};
  for (int draw = 0; draw < 6; ++draw) {
    const Coding output = random_coding(random);
    Tensor reals(shape, DType::f32);
    for (int64_t at = 0; at < reals.size(); ++at) reals.data<float>()[at] = random.uniform(-9, 9);
    // Halves, and numbers beyond any integer.
    for (int64_t at = 0; at < 40; ++at) reals.data<float>()[at] = output.scales[0] * (static_cast<float>(at) - 20.5F);
    reals.data<float>()[40] = 1e30F;
    reals.data<float>()[41] = -INFINITY;
    Integers wanted{shape, {}, output};
    for (int64_t at = 0; at < reals.size(); ++at)
      wanted.values.push_back(rounded(reals.data<float>()[at] / output.scales[0], output));
    for (const std::string& cpu : processors())
      expect_equal(
          run_operator("quantize", {reals}, {{shape, DType::f32}}, {{"output", output_type(output)}, {"rounding", onnx}}, cpu),
          wanted, "quantize " + cpu);
  }
}

TEST(QuantizedOnce, AveragesAndMeans) {
  Random random(14, 1);
  const Shape shape{2, 6, 5, 9};
  for (int draw = 0; draw < 8; ++draw) {
    const Coding input = random_coding(random), output = random_coding(random);
    const Integers image = random_integers(shape, input, 3);
    const std::vector<int64_t> window{1 + static_cast<int64_t>(random.bits() % 3), 2};
    const Movement movement{.strides = {2, 1}, .dilations = {}, .cells = {window[0] > 1 ? 1 : 0, 0, 1, 1}, .groups = 1};
    const bool count_padding = draw % 2 == 1;
    const Integers model = reference::quantized_average(image, window, movement, "none");  // only its shape is used
    Integers average{model.shape, {}, output}, mean{{2, 1, 1, 9}, {}, output};
    reference::each_index(average.shape, [&](const Shape& index) {
      float sum = 0;
      int64_t count = 0;
      reference::each_tap(shape, window, movement, {index[1], index[2]}, [&](const Shape& cell, const Shape&) {
        sum += real(image.at({index[0], cell[0], cell[1], index[3]}), input);
        ++count;
      });
      const float divisor = static_cast<float>(count_padding ? window[0] * window[1] : std::max<int64_t>(count, 1));
      average.values.push_back(rounded_whole(sum / divisor / output.scales[0] + static_cast<float>(output.zeros[0]), output));
    });
    Attributes attributes = movement_attributes(movement);
    for (const auto& more :
         Attributes{{"window", window}, {"count_padding", count_padding}, {"output", output_type(output)}, {"rounding", onnx}})
      attributes.push_back(more);
    expect_integers("quantized_average_pool", {image}, attributes, average);
    reference::each_index(mean.shape, [&](const Shape& index) {
      int64_t sum = 0;
      for (int64_t cell = 0; cell < 30; ++cell) sum += image.at({index[0], cell / 5, cell % 5, index[3]}) - input.zeros[0];
      const float multiplier = input.scales[0] / (output.scales[0] * 30.0F);
      mean.values.push_back(rounded(static_cast<float>(sum) * multiplier, output));
    });
    expect_integers(
        "quantized_mean", {image},
        {{"dims", std::vector<int64_t>{1, 2}}, {"keep_dims", true}, {"output", output_type(output)}, {"rounding", onnx}}, mean);
  }
}

TEST(QuantizedOnce, SoftmaxOfAnyScale) {
  Random random(15, 1);
  for (const int64_t classes : {2, 10, 301}) {
    const Coding input = random_coding(random);
    Coding output = random_coding(random);
    output.scales = {0.0041F};
    output.zeros = {output.least()};
    const Integers scores = random_integers({3, classes}, input, 1);
    Integers wanted{scores.shape, {}, output};
    const double scale = input.scales[0];
    const double most =
        std::max(0.0, static_cast<double>(std::log(std::numeric_limits<float>::max() / static_cast<float>(classes))) - 5) /
        scale;
    for (int64_t row = 0; row < 3; ++row) {
      const auto begin = scores.values.begin() + row * classes;
      const int64_t largest = *std::max_element(begin, begin + classes);
      const auto power = [&](int64_t q) {
        return static_cast<float>(std::exp((most - static_cast<double>(largest - q)) * scale));
      };
      float sum = 0;
      for (int64_t c = 0; c < classes; ++c) sum += power(begin[c]);
      for (int64_t c = 0; c < classes; ++c) {
        volatile float share = power(begin[c]) * std::floor(1 / output.scales[0]);
        wanted.values.push_back(rounded(share / sum, output));
      }
    }
    expect_integers("quantized_softmax", {scores}, {{"output", output_type(output)}, {"rounding", onnx}}, wanted);
  }
}

void expect_sums(const std::string& name, const Integers& x, const Integers& w, const Attributes& attributes,
                 const std::vector<int64_t>& wanted) {
  for (const std::string& cpu : processors()) {
    const Tensor got = run_operator(name, {tensor_of(x), tensor_of(w)}, {type_of(x), type_of(w)}, attributes, cpu);
    ASSERT_EQ(got.dtype(), DType::i32);
    ASSERT_EQ(got.size(), std::ssize(wanted));
    EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), got.data<int32_t>())) << name << " " << cpu;
  }
}

TEST(IntegerSums, OfConvolutionsAndProducts) {
  Random random(16, 1);
  for (int draw = 0; draw < 8; ++draw) {
    const Coding input = random_coding(random);
    Coding weight = random_coding(random);
    if (weight.is_signed) weight.zeros = {0};
    const Integers image = random_integers({2, 6, 5, 3}, input, 1), filter = random_integers({3, 2, 3, 9}, weight, 2);
    const Movement movement{.strides = {1, 2}, .dilations = {}, .cells = {1, 0, draw % 2, 1}, .groups = 1};
    const Integers model = reference::quantized_conv(image, filter, std::vector<int64_t>(9, 0), movement, "none", false, input);
    std::vector<int64_t> sums;
    reference::each_index(model.shape, [&](const Shape& index) {
      int64_t sum = 0;
      reference::each_tap(image.shape, {3, 2}, movement, {index[1], index[2]}, [&](const Shape& cell, const Shape& tap) {
        for (int64_t c = 0; c < 3; ++c)
          sum += (image.at({index[0], cell[0], cell[1], c}) - input.zeros[0]) *
                 (filter.at({tap[0], tap[1], c, index[3]}) - weight.zeros[0]);
      });
      sums.push_back(sum);
    });
    expect_sums("integer_conv", image, filter, movement_attributes(movement), sums);
    const Integers rows = random_integers({3, 65}, input, 3), factors = random_integers({65, 11}, weight, 4);
    sums.clear();
    for (int64_t m = 0; m < 3; ++m) {
      for (int64_t n = 0; n < 11; ++n) {
        int64_t sum = 0;
        for (int64_t k = 0; k < 65; ++k) sum += (rows.at({m, k}) - input.zeros[0]) * (factors.at({k, n}) - weight.zeros[0]);
        sums.push_back(sum);
      }
    }
    expect_sums("integer_dense", rows, factors, {}, sums);
  }
}

TEST(DynamicQuantize, ScaleAndZeroPointOfTheData) {
  Random random(17, 1);
  const Shape shape{3, 41};
  for (const auto& [low, high] : {std::pair{-1.0F, 2.0F}, {0.5F, 3.0F}, {-7.0F, -1.0F}, {0.0F, 0.0F}}) {
    Tensor reals(shape, DType::f32);
    for (int64_t at = 0; at < reals.size(); ++at) reals.data<float>()[at] = random.uniform(low, high);
    const auto [least, most] = std::minmax_element(reals.data<float>(), reals.data<float>() + reals.size());
    const float from = std::min(*least, 0.0F), to = std::max(*most, 0.0F);
    const float scale = from == to ? 1.0F : (to - from) / 255;
    const Coding coding{{scale}, {static_cast<int64_t>(std::nearbyint(std::clamp(-from / scale, 0.0F, 255.0F)))}, false};
    Integers wanted{shape, {}, coding};
    for (int64_t at = 0; at < reals.size(); ++at) wanted.values.push_back(rounded(reals.data<float>()[at] / scale, coding));
    for (const std::string& cpu : processors())
      expect_equal(run_operator("dynamic_quantize", {reals}, {{shape, DType::f32}}, {}, cpu), wanted, "dynamic " + cpu);
  }
}

TEST(Reinterpret, KeepsEveryInteger) {
  const Coding from{{0.5F}, {3}, true}, to{{0.001F}, {-100}, true};
  Integers integers = every_integer(from), wanted = integers;
  wanted.coding = to;
  expect_integers("reinterpret", {integers}, {{"output", output_type(to)}}, wanted);
}

}  // namespace
}  // namespace fovea
