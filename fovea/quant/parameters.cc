// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/parameters.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"

namespace fovea {
namespace {

QuantizedType of_one(DType storage, float scale, int64_t zero) { return {storage, {.scales = {scale}, .zeros = {zero}}}; }

// The scale of weights whose largest absolute value is `limit` steps of `largest_step`: at least `floor`, and wide enough for
// the bias.
float weight_scale(float largest_step, float bias, float input_scale, float floor) {
  float scale = std::max(largest_step, floor);
  if (!(scale > 0)) scale = 1;
  // Half of 2^31 - 1 is left for the sum of products.
  const double least = std::abs(static_cast<double>(bias)) / (static_cast<double>(input_scale) * 1073741823.0);
  if (least > scale) scale = std::nextafter(static_cast<float>(least), INFINITY);
  return scale;
}

}  // namespace

QuantizedType activation_type(Range range) {
  range = with_zero(range);
  const float scale = (range.maximum - range.minimum) / 255;
  if (!(scale > 0)) return of_one(DType::i8, 1, 0);
  const float zero = std::nearbyint(-128 - range.minimum / scale);
  return of_one(DType::i8, scale, static_cast<int64_t>(std::clamp(zero, -128.0F, 127.0F)));
}

Range range_of(const QuantizedType& type) {
  const float scale = type.quantization.scales[0];
  const auto zero = static_cast<float>(type.quantization.zeros[0]);
  const float least = type.storage == DType::u8 ? 0 : -128;
  return {(least - zero) * scale, (least + 255 - zero) * scale};
}

QuantizedType probability_type(DType storage) { return of_one(storage, 1.0F / 256, storage == DType::u8 ? 0 : -128); }
QuantizedType tangent_type() { return of_one(DType::i8, 1.0F / 128, 0); }
QuantizedType unit_type() { return of_one(DType::i8, 1.0F / 255, -128); }

QuantizedWeights quantized_weights(const Tensor& weight, const Tensor& bias, float input_scale, bool per_channel,
                                   float output_scale, int64_t limit) {
  const int64_t channels = weight.shape().back();
  if (!bias.empty() && bias.shape() != Shape{channels}) {
    fail("a bias of {} beside weights of {}", to_string(bias.shape()), to_string(weight.shape()));
  }
  const auto count = static_cast<size_t>(channels);
  const auto most = static_cast<float>(limit);
  std::vector<float> largest(count, 0), scales(count, 0);
  for (int64_t i = 0; i < weight.size(); ++i) {
    float& entry = largest[static_cast<size_t>(i % channels)];
    entry = std::max(entry, std::abs(weight.data<float>()[i]));
  }
  const float all = *std::ranges::max_element(largest);
  // Below this no sum of products reaches half a step of the output. A channel without weights is treated like the others.
  const float floor = output_scale / input_scale * 0x1p-31F, empty = all > 0 ? all : most * output_scale / input_scale;
  for (size_t c = 0; c < count; ++c) {
    const float channel = per_channel && largest[c] > 0 ? largest[c] : empty;
    scales[c] = weight_scale(channel / most, bias.empty() ? 0 : bias.data<float>()[c], input_scale, floor);
    // Above this one step of any product exceeds all the output's integers, so clipped results saturate as they would anyway.
    if (output_scale > 0) scales[c] = std::min(scales[c], output_scale / input_scale * 0x1p7F);
  }
  if (!per_channel) std::ranges::fill(scales, *std::ranges::max_element(scales));

  QuantizedWeights result{.weight = Tensor(weight.shape(), DType::i8), .bias = Tensor({channels}, DType::i32)};
  for (int64_t i = 0; i < weight.size(); ++i) {
    const float q = std::nearbyint(weight.data<float>()[i] / scales[static_cast<size_t>(i % channels)]);
    result.weight.data<int8_t>()[i] = static_cast<int8_t>(std::clamp(q, -most, most));
  }
  std::vector<float> bias_scales(count);
  for (size_t c = 0; c < count; ++c) {
    bias_scales[c] = input_scale * scales[c];
    const double value = bias.empty() ? 0 : static_cast<double>(bias.data<float>()[c]) / bias_scales[c];
    result.bias.data<int32_t>()[c] = static_cast<int32_t>(std::clamp(std::nearbyint(value), -2147483647.0, 2147483647.0));
  }
  const std::vector<int64_t> zeros(count, 0);
  Quantization of_weights{.scales = scales, .zeros = zeros, .axis = static_cast<int64_t>(weight.shape().size()) - 1};
  Quantization of_bias{.scales = bias_scales, .zeros = zeros, .axis = 0};
  if (!per_channel) {
    of_weights = {.scales = {scales[0]}, .zeros = {0}};
    of_bias = {.scales = {bias_scales[0]}, .zeros = {0}};
  }
  result.weight_type = {weight.shape(), DType::i8, of_weights};
  result.bias_type = {{channels}, DType::i32, of_bias};
  return result;
}

Tensor quantized_tensor(const Tensor& values, const QuantizedType& type) {
  const float scale = type.quantization.scales[0];
  const auto zero = static_cast<float>(type.quantization.zeros[0]);
  Tensor integers(values.shape(), DType::i8);
  std::ranges::transform(values.values<float>(), integers.data<int8_t>(), [&](float value) {
    return static_cast<int8_t>(std::clamp(std::nearbyint(value / scale) + zero, -128.0F, 127.0F));
  });
  return integers;
}

namespace {

template <typename T>
Tensor real_values(const Tensor& integers, const Quantization& quantization) {
  Tensor values(integers.shape(), DType::f32);
  int64_t inner = 1;
  for (auto axis = static_cast<size_t>(quantization.axis + 1); quantization.per_channel() && axis < integers.shape().size();
       ++axis) {
    inner *= integers.shape()[axis];
  }
  const auto channels = static_cast<int64_t>(quantization.scales.size());
  for (int64_t i = 0; i < integers.size(); ++i) {
    const auto c = static_cast<size_t>(i / inner % channels);
    const auto q = static_cast<double>(integers.data<T>()[i]) - static_cast<double>(quantization.zeros[c]);
    values.data<float>()[i] = static_cast<float>(quantization.scales[c] * q);
  }
  return values;
}

}  // namespace

Tensor dequantized(const Tensor& integers, const Quantization& quantization) {
  switch (integers.dtype()) {
    case DType::i8:
      return real_values<int8_t>(integers, quantization);
    case DType::u8:
      return real_values<uint8_t>(integers, quantization);
    case DType::i32:
      return real_values<int32_t>(integers, quantization);
    default:
      fail("{} does not stand for real numbers", name(integers.dtype()));
  }
}

}  // namespace fovea
