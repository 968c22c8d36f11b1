// SPDX-License-Identifier: Apache-2.0
// Compiled integer operators against plain loops, bit for bit, on this processor and with AVX2 alone.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "fovea/core/error.h"
#include "tests/dialect/quantized/quantized_run.h"

namespace fovea {
namespace {

using reference::Coding;
using reference::Integers;
using reference::Movement;

const Coding u8_image{{0.0078125F}, {128}, false}, i8_image{{0.023528477F}, {-128}, true};
const Coding u8_filter{{0.021827F}, {131}, false}, i8_filter{{0.0113F}, {0}, true};
const Coding u8_output{{0.0619F}, {117}, false}, i8_output{{0.0711F}, {-3}, true};

Coding by_channel(int64_t channels) {
  Coding coding{{}, std::vector<int64_t>(static_cast<size_t>(channels), 0), true};
  for (int64_t at = 0; at < channels; ++at) coding.scales.push_back(0.003F + 0.0017F * static_cast<float>(at % 5));
  return coding;
}

struct ConvCase {
  std::string name;
  Shape image, filter;
  Movement movement;
  std::string activation = "none";
};

class QuantizedConv : public testing::TestWithParam<ConvCase> {};

void expect_conv(const ConvCase& conv, const Coding& image_coding, const Coding& filter_coding, const Coding& output,
                 const std::string& rounding) {
  const Integers image = random_integers(conv.image, image_coding, 1), filter = random_integers(conv.filter, filter_coding, 2);
  const std::vector<int64_t> bias = random_bias(conv.filter.back(), 3);
  Attributes attributes = movement_attributes(conv.movement);
  attributes.emplace_back("output", output_type(output));
  attributes.emplace_back("activation", conv.activation);
  attributes.emplace_back("rounding", rounding);
  expect_integers("quantized_conv", {image, filter}, attributes,
                  reference::quantized_conv(image, filter, bias, conv.movement, conv.activation, rounding == "double", output),
                  {bias});
}

TEST_P(QuantizedConv, SignedByChannel) {
  expect_conv(GetParam(), i8_image, by_channel(GetParam().filter.back()), i8_output, "float");
}
TEST_P(QuantizedConv, SignedTwiceRounded) {
  expect_conv(GetParam(), i8_image, by_channel(GetParam().filter.back()), i8_output, "double");
}
TEST_P(QuantizedConv, Unsigned) { expect_conv(GetParam(), u8_image, u8_filter, u8_output, "float"); }

INSTANTIATE_TEST_SUITE_P(
    Cases, QuantizedConv,
    testing::Values(ConvCase{"pixel", {1, 1, 1, 1}, {1, 1, 1, 1}, {}},
                    ConvCase{"first", {1, 13, 11, 3}, {3, 3, 3, 17}, {.strides = {2, 2}, .padding = "same"}, "relu6"},
                    ConvCase{"pointwise", {2, 5, 7, 31}, {1, 1, 31, 33}, {}, "relu"},
                    ConvCase{"pointwise_one_image", {1, 8, 8, 64}, {1, 1, 64, 64}, {}},
                    ConvCase{"depthwise_pixel", {1, 7, 6, 9}, {1, 1, 1, 9}, {.strides = {2, 1}, .groups = 9}},
                    ConvCase{"pointwise_stride", {1, 7, 6, 9}, {1, 1, 9, 8}, {.strides = {2, 2}}},
                    ConvCase{"wide", {1, 6, 6, 64}, {3, 3, 64, 64}, {.cells = {1, 0, 0, 1}}},
                    ConvCase{"dilated", {1, 9, 8, 5}, {3, 2, 5, 7}, {.dilations = {2, 3}}},
                    ConvCase{"groups", {1, 6, 5, 12}, {3, 3, 4, 15}, {.padding = "same", .groups = 3}},
                    ConvCase{"depthwise", {1, 8, 7, 33}, {3, 3, 1, 33}, {.padding = "same", .groups = 33}, "relu6"},
                    ConvCase{
                        "depthwise_stride", {1, 9, 9, 16}, {5, 5, 1, 16}, {.strides = {2, 2}, .padding = "same", .groups = 16}},
                    ConvCase{"depthwise_multiplier", {1, 5, 5, 6}, {3, 3, 1, 12}, {.padding = "same", .groups = 6}},
                    ConvCase{"line", {2, 11, 3}, {3, 3, 5}, {.padding = "same"}, "relu_n1_to_1"}),
    [](const testing::TestParamInfo<ConvCase>& info) { return info.param.name; });

TEST(QuantizedDense, AgainstLoops) {
  for (const Shape& shape : {Shape{1, 1, 1}, {1, 65, 10}, {3, 31, 33}, {2, 1280, 17}}) {
    const Shape input_shape{shape[0], shape[1]}, weight_shape{shape[1], shape[2]};
    const std::vector<int64_t> bias = random_bias(shape[2], 3);
    const Integers input = random_integers(input_shape, i8_image, 1);
    for (const Coding& coding : {i8_filter, by_channel(shape[2])}) {
      const Integers weight = random_integers(weight_shape, coding, 2);
      expect_integers("quantized_dense", {input, weight}, {{"output", output_type(i8_output)}},
                      reference::quantized_dense(input, weight, bias, "none", false, i8_output), {bias});
    }
    const Integers bytes = random_integers(input_shape, u8_image, 1), weight = random_integers(weight_shape, u8_filter, 2);
    expect_integers("quantized_dense", {bytes, weight},
                    {{"output", output_type(u8_output)}, {"activation", std::string("relu")}},
                    reference::quantized_dense(bytes, weight, bias, "relu", false, u8_output), {bias});
  }
}

TEST(QuantizedArithmetic, SumsDifferencesProducts) {
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{1}, {1}}, {{3, 7, 17}, {3, 7, 17}}, {{2, 5, 33}, {33}}, {{2, 4, 3, 16}, {2, 1, 1, 16}}, {{5, 1}, {1, 9}}};
  const Coding other_i8{{0.0519F}, {11}, true}, other_u8{{0.0031F}, {3}, false};
  for (const auto& [left, right] : shapes) {
    for (const auto& [a, b, output] : {std::tuple{i8_image, other_i8, i8_output}, std::tuple{u8_image, other_u8, u8_output}}) {
      const Integers lhs = random_integers(left, a, 1), rhs = random_integers(right, b, 2);
      const Attributes attributes{{"output", output_type(output)}, {"activation", std::string("relu")}};
      expect_integers("quantized_add", {lhs, rhs}, attributes, reference::quantized_sum(lhs, rhs, 1, "relu", output));
      expect_integers("quantized_sub", {lhs, rhs}, {{"output", output_type(output)}},
                      reference::quantized_sum(lhs, rhs, -1, "none", output));
      expect_integers("quantized_mul", {lhs, rhs}, attributes, reference::quantized_product(lhs, rhs, "relu", output));
    }
  }
}

Integers mapped(const Integers& a, const Integers& b, const Coding& output,
                const std::function<int64_t(int64_t, int64_t)>& function) {
  Integers result{a.shape, {}, output};
  for (size_t at = 0; at < a.values.size(); ++at) result.values.push_back(function(a.values[at], b.values[at]));
  return result;
}

TEST(QuantizedArithmetic, LargerAndSmaller) {
  for (const Shape& shape : {Shape{1}, {3, 7, 17}, {2, 64}}) {
    for (const Coding& coding : {i8_image, u8_image}) {
      const Integers lhs = random_integers(shape, coding, 1), rhs = random_integers(shape, coding, 2);
      const auto larger = [](int64_t a, int64_t b) { return std::max(a, b); };
      const auto smaller = [](int64_t a, int64_t b) { return std::min(a, b); };
      expect_integers("quantized_maximum", {lhs, rhs}, {}, mapped(lhs, rhs, coding, larger));
      expect_integers("quantized_minimum", {lhs, rhs}, {}, mapped(lhs, rhs, coding, smaller));
    }
  }
}

// With powers of two as scales, the fixed point is exact except for halves.
TEST(QuantizedArithmetic, PRelu) {
  const Coding input{{0.5F}, {-3}, true}, slope{{0.25F}, {1}, true}, output{{0.5F}, {5}, true};
  const Integers x = random_integers({3, 7, 17}, input, 1), alpha = random_integers({3, 7, 17}, slope, 2);
  expect_integers("quantized_prelu", {x, alpha}, {{"output", output_type(output)}},
                  mapped(x, alpha, output, [](int64_t q, int64_t a) -> int64_t {
                    const double steps = q + 3 >= 0 ? static_cast<double>(q + 3) : static_cast<double>((q + 3) * (a - 1)) / 4;
                    return std::clamp<int64_t>(std::llround(steps) + 5, -128, 127);
                  }));
}

TEST(QuantizedPooling, Windows) {
  const std::vector<std::tuple<Shape, std::vector<int64_t>, Movement>> cases = {
      {{1, 7, 7, 33}, {7, 7}, {}},
      {{2, 6, 5, 3}, {2, 2}, {.strides = {2, 2}}},
      {{2, 6, 5, 3}, {1, 1}, {.strides = {2, 2}}},
      {{1, 8, 7, 17}, {3, 3}, {.strides = {2, 2}, .padding = "same"}},
      {{1, 5, 6, 16}, {3, 2}, {.strides = {1, 1}, .padding = "same"}}};
  for (const auto& [shape, window, movement] : cases) {
    for (const Coding& coding : {u8_output, i8_output}) {
      const Integers image = random_integers(shape, coding, 1);
      Attributes attributes = movement_attributes(movement);
      attributes.emplace_back("window", window);
      expect_integers("max_pool", {image}, attributes, reference::quantized_maximum(image, window, movement));
      attributes.emplace_back("activation", std::string("relu"));
      expect_integers("quantized_average_pool", {image}, attributes,
                      reference::quantized_average(image, window, movement, "relu"));
    }
  }
}

TEST(QuantizedPooling, Means) {
  for (const auto& [shape, dims] : std::vector<std::pair<Shape, std::vector<int64_t>>>{
           {{1, 7, 7, 33}, {1, 2}}, {{2, 4, 5, 64}, {1, 2}}, {{3, 17}, {1}}, {{2, 3, 5}, {0, 2}}, {{1, 2, 4, 64}, {1, 2}}}) {
    for (const Coding& coding : {u8_output, i8_output}) {
      const Integers input = random_integers(shape, coding, 1);
      for (const Coding& output : {coding, Coding{{coding.scales[0] * 0.37F}, {coding.zeros[0] + 5}, coding.is_signed}})
        expect_integers("quantized_mean", {input}, {{"dims", dims}, {"output", output_type(output)}},
                        reference::quantized_mean(input, dims, output));
    }
  }
}

// A sum is a mean whose scale is larger by the count.
TEST(QuantizedPooling, Sums) {
  const Integers input = random_integers({1, 4, 4, 33}, i8_image, 1);
  Integers wide = input;
  wide.coding.scales[0] *= 16;
  const Coding output{{i8_image.scales[0] * 7}, {9}, true};
  expect_integers("quantized_sum", {input}, {{"dims", std::vector<int64_t>{1, 2}}, {"output", output_type(output)}},
                  reference::quantized_mean(wide, {1, 2}, output));
}

TEST(Quantize, FromIntegers) {
  for (const Shape& shape : {Shape{1}, {3, 7, 17}, {64}}) {
    for (const Coding& input : {u8_output, i8_output, i8_image}) {
      const Coding flipped{input.scales, {input.zeros[0] + (input.is_signed ? 128 : -128)}, !input.is_signed};
      for (const Coding& output : {u8_output, i8_output, flipped, Coding{{0.0001F}, {7}, true}}) {
        const Integers integers = random_integers(shape, input, 1);
        expect_integers("quantize", {integers}, {{"output", output_type(output)}}, reference::requantized(integers, output));
      }
    }
  }
}

TEST(Quantize, FromRealsAndBack) {
  const Shape shape{3, 5, 17};
  Random random(3, 1);
  Tensor reals(shape, DType::f32);
  for (int64_t at = 0; at < reals.size(); ++at) reals.data<float>()[at] = random.uniform(-6, 6);
  reals.data<float>()[0] = 1e30F;
  reals.data<float>()[1] = -INFINITY;
  const std::vector<float> values(reals.data<float>(), reals.data<float>() + reals.size());
  for (const Coding& output : {u8_output, i8_output, by_channel(17)}) {
    const Integers wanted = reference::quantized(shape, values, output);
    for (const std::string& cpu : processors()) {
      const Tensor got = run_operator("quantize", {reals}, {{shape, DType::f32}}, {{"output", output_type(output, 2)}}, cpu);
      expect_equal(got, wanted, "quantize " + cpu);
      const Tensor back = run_operator("dequantize", {tensor_of(wanted)}, {type_of(wanted)}, {}, cpu);
      const std::vector<float> wanted_reals = reference::dequantized(wanted);
      EXPECT_TRUE(std::equal(wanted_reals.begin(), wanted_reals.end(), back.data<float>())) << cpu;
    }
  }
}

TEST(QuantizedActivation, EveryInteger) {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const std::vector<std::pair<std::string, std::function<double(double)>>> functions = {
      {"sigmoid", sigmoid},
      {"tanh", [](double x) { return std::tanh(x); }},
      {"hard_swish", [](double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; }},
      {"swish", [&](double x) { return x * sigmoid(x); }},
      {"gelu", [](double x) { return x * (1 + std::erf(x / std::sqrt(2))) / 2; }}};
  for (const Coding& input : {Coding{{0.0337F}, {-3}, true}, Coding{{0.0337F}, {117}, false}}) {
    Integers integers{{3, 86}, {}, input};
    for (int64_t at = 0; at < 258; ++at) integers.values.push_back(input.least() + at % 256);
    for (const auto& [name, function] : functions) {
      Coding output{{0.0419F}, {input.zeros[0] - 20}, input.is_signed};
      if (name == "sigmoid") output = {{1.0F / 256}, {input.least()}, input.is_signed};
      if (name == "tanh") output = {{1.0F / 128}, {input.least() + 128}, input.is_signed};
      expect_integers("quantized_activation", {integers}, {{"function", name}, {"output", output_type(output)}},
                      reference::quantized_function(integers, function, output));
    }
    for (const std::string name : {"relu", "relu6", "relu_n1_to_1"}) {
      for (const Coding& output : {input, Coding{{0.0719F}, {input.zeros[0] + 9}, input.is_signed}})
        expect_integers("quantized_activation", {integers}, {{"function", name}, {"output", output_type(output)}},
                        reference::quantized_relu(integers, name, output));
    }
  }
}

TEST(QuantizedSoftmax, AgainstLoops) {
  for (const Shape& shape : {Shape{1, 1001}, {3, 10}, {1, 1}, {2, 2, 17}}) {
    for (const Coding& input : {Coding{{0.117F}, {4}, true}, Coding{{0.0642F}, {70}, false}}) {
      const Coding output{{1.0F / 256}, {input.least()}, input.is_signed};
      const Integers integers = random_integers(shape, input, 1);
      expect_integers("quantized_softmax", {integers}, {{"output", output_type(output)}},
                      reference::quantized_softmax(integers, 1, output));
    }
  }
}

TEST(Resize, BilinearIntegers) {
  for (const std::vector<int64_t>& size : {std::vector<int64_t>{8, 6}, {7, 9}, {3, 2}, {4, 3}, {1, 1}}) {
    for (const auto& [corners, centers] : {std::pair{false, false}, {true, false}, {false, true}}) {
      for (const Coding& coding : {u8_output, i8_output}) {
        const Integers image = random_integers({1, 4, 3, 17}, coding, 1);
        const Attributes attributes{
            {"size", size}, {"method", std::string("bilinear")}, {"align_corners", corners}, {"half_pixel_centers", centers}};
        expect_integers("resize", {image}, attributes, reference::resized_bilinear(image, size, corners, centers));
      }
    }
  }
}

}  // namespace
}  // namespace fovea
