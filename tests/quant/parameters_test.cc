// SPDX-License-Identifier: Apache-2.0
// Scales, zero points and integers by the rules.
#include "fovea/quant/parameters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/quant/pixels.h"

namespace fovea {
namespace {

Tensor random_tensor(const Shape& shape, uint64_t stream, double scale = 1) {
  Random random(9, stream);
  Tensor tensor(shape, DType::f32);
  for (float& value : tensor.values<float>()) value = static_cast<float>(scale * (2 * random.uniform() - 1));
  return tensor;
}

TEST(ActivationType, HoldsZeroExactlyAndTheRangeToHalfAStep) {
  Random random(3, 1);
  for (int trial = 0; trial < 200; ++trial) {
    const Range range{static_cast<float>(4 * random.uniform() - 2), static_cast<float>(2 + 3 * random.uniform())};
    const QuantizedType type = activation_type(range);
    const float scale = type.quantization.scales[0];
    EXPECT_GE(type.quantization.zeros[0], -128);
    EXPECT_LE(type.quantization.zeros[0], 127);
    const Range held = range_of(type), wanted = with_zero(range);
    EXPECT_NEAR(held.minimum, wanted.minimum, 0.5001 * scale);
    EXPECT_NEAR(held.maximum, wanted.maximum, 0.5001 * scale);
    EXPECT_NEAR(scale * 255, wanted.maximum - wanted.minimum, 1e-5);
  }
}

TEST(ActivationType, OfRelu6IsThatOfPublishedFiles) {
  const QuantizedType type = activation_type({0, 6});
  EXPECT_FLOAT_EQ(type.quantization.scales[0], 6.0F / 255);
  EXPECT_EQ(type.quantization.zeros[0], -128);
}

TEST(ActivationType, OfAnEmptyRangeHasAScale) { EXPECT_GT(activation_type({0, 0}).quantization.scales[0], 0); }

TEST(Weights, EveryChannelUsesAllIntegersItHas) {
  Tensor weight = random_tensor({3, 3, 4, 5}, 1);
  for (int64_t i = 0; i < weight.size(); ++i) weight.data<float>()[i] *= static_cast<float>(std::pow(10, i % 5));
  const Tensor bias = random_tensor({5}, 2);
  const QuantizedWeights integers = quantized_weights(weight, bias, 0.02F, true);
  ASSERT_EQ(integers.weight_type.quantization->axis, 3);
  const Tensor back = dequantized(integers.weight, *integers.weight_type.quantization);
  const Tensor bias_back = dequantized(integers.bias, *integers.bias_type.quantization);
  std::vector<int> largest(5, 0);
  for (int64_t i = 0; i < weight.size(); ++i) {
    const auto channel = static_cast<size_t>(i % 5);
    EXPECT_NEAR(back.data<float>()[i], weight.data<float>()[i], 0.501 * integers.weight_type.quantization->scales[channel]);
    largest[channel] = std::max(largest[channel], std::abs(static_cast<int>(integers.weight.data<int8_t>()[i])));
  }
  for (size_t channel = 0; channel < 5; ++channel) {
    EXPECT_EQ(largest[channel], 127);
    EXPECT_FLOAT_EQ(integers.bias_type.quantization->scales[channel],
                    0.02F * integers.weight_type.quantization->scales[channel]);
    EXPECT_EQ(integers.weight_type.quantization->zeros[channel], 0);
    EXPECT_NEAR(bias_back.data<float>()[channel], bias.data<float>()[channel],
                0.501 * integers.bias_type.quantization->scales[channel] + 1e-6);
  }
}

TEST(Weights, OneScaleForAll) {
  const Tensor weight = random_tensor({7, 5}, 3);
  const QuantizedWeights integers = quantized_weights(weight, {}, 0.1F, false);
  EXPECT_EQ(integers.weight_type.quantization->axis, -1);
  EXPECT_EQ(integers.weight_type.quantization->scales.size(), 1U);
  float largest = 0;
  for (const float value : weight.values<float>()) largest = std::max(largest, std::abs(value));
  EXPECT_FLOAT_EQ(integers.weight_type.quantization->scales[0], largest / 127);
  for (const int32_t value : integers.bias.values<int32_t>()) EXPECT_EQ(value, 0);
}

TEST(Weights, ScaleIsWidenedForALargeBias) {
  Tensor weight = random_tensor({4, 2}, 4, 1e-6);
  const Tensor bias = Tensor::of<float>({2}, {50, 0});
  const QuantizedWeights integers = quantized_weights(weight, bias, 1e-5F, true);
  EXPECT_LE(std::abs(static_cast<int64_t>(integers.bias.data<int32_t>()[0])), int64_t{1} << 30);
  EXPECT_NEAR(dequantized(integers.bias, *integers.bias_type.quantization).data<float>()[0], 50, 1e-4);
  // The scale of the other channel is as small as before.
  const float largest = std::max({std::abs(weight.data<float>()[1]), std::abs(weight.data<float>()[3]),
                                  std::abs(weight.data<float>()[5]), std::abs(weight.data<float>()[7])});
  EXPECT_FLOAT_EQ(integers.weight_type.quantization->scales[1], largest / 127);
}

TEST(Weights, AChannelOfZerosHasAScale) {
  const QuantizedWeights integers = quantized_weights(Tensor({3, 2}, DType::f32), {}, 0.1F, true);
  for (const float scale : integers.weight_type.quantization->scales) EXPECT_GT(scale, 0);
}

TEST(Pixels, OneMeanAndDeviationAreTakenIn) {
  const Preprocessing gray{.mean = {0.1307F}, .deviation = {0.3081F}};
  ASSERT_TRUE(absorbs_normalization(gray));
  for (const DType storage : {DType::u8, DType::i8}) {
    const QuantizedType type = pixel_type(gray, storage);
    for (const int pixel : {0, 33, 128, 255}) {
      const double stored = storage == DType::u8 ? pixel : pixel - 128;
      const double real = type.quantization.scales[0] * (stored - static_cast<double>(type.quantization.zeros[0]));
      EXPECT_NEAR(real, (pixel / 255.0 - 0.1307) / 0.3081, 0.51 * type.quantization.scales[0]);
    }
  }
}

TEST(Pixels, SeveralAreALayer) {
  const Preprocessing color{.mean = {0.485F, 0.456F, 0.406F}, .deviation = {0.229F, 0.224F, 0.225F}};
  ASSERT_FALSE(absorbs_normalization(color));
  const QuantizedType type = pixel_type(color, DType::u8);
  EXPECT_FLOAT_EQ(type.quantization.scales[0], 1.0F / 255);
  EXPECT_EQ(type.quantization.zeros[0], 0);
  const PixelNormalization layer = pixel_normalization(color, 3);
  const Range range = normalized_range(color);
  double least = 0, most = 0;
  for (int channel = 0; channel < 3; ++channel) {
    for (const int pixel : {0, 100, 255}) {
      const double real = pixel / 255.0 * layer.weight.data<float>()[channel] + layer.bias.data<float>()[channel];
      const auto place = static_cast<size_t>(channel);
      EXPECT_NEAR(real, (pixel / 255.0 - color.mean[place]) / color.deviation[place], 1e-5);
      least = std::min(least, real);
      most = std::max(most, real);
    }
  }
  EXPECT_NEAR(range.minimum, least, 1e-5);
  EXPECT_NEAR(range.maximum, most, 1e-5);
}

TEST(Parameters, FourBitsAreFromMinusSevenToSeven) {
  const Tensor weight = Tensor::of<float>({3, 2}, {0.7F, -1.4F, 0.31F, 0.55F, -0.1F, 0.1F});
  const QuantizedWeights integers = quantized_weights(weight, {}, 0.1F, true, 0, 7);
  const std::vector<int8_t> wanted{7, -7, 3, 3, -1};
  EXPECT_FLOAT_EQ(integers.weight_type.quantization->scales[0], 0.1F);
  EXPECT_FLOAT_EQ(integers.weight_type.quantization->scales[1], 0.2F);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(integers.weight.data<int8_t>()[i], wanted[i]) << i;
}

}  // namespace
}  // namespace fovea
