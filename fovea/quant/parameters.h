// SPDX-License-Identifier: Apache-2.0
// From ranges and real tensors to scales, zero points and integers (TensorFlow Lite 8-bit quantization specification).
#pragma once

#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/graph/graph.h"
#include "fovea/graph/quantization.h"
#include "fovea/quant/observer.h"

namespace fovea {

// Activations: scale = (maximum - minimum) / 255 of the range extended to 0, zero = round(-128 - minimum / scale). A range
// without width has scale 1.
QuantizedType activation_type(Range range);
// The range that the integers of a type cover.
Range range_of(const QuantizedType& type);

// By rule: sigmoid and softmax 1/256 with zero -128, tanh 1/128 with zero 0 (uint8: 0 and 128).
QuantizedType probability_type(DType storage = DType::i8);
QuantizedType tangent_type();
QuantizedType unit_type();  // 0 to 1: what hard sigmoid gives

struct QuantizedWeights {
  Tensor weight;  // i8, -127..127
  Tensor bias;    // i32, empty without one
  TensorType weight_type, bias_type;
};

// Output channels are the last dimension. scale = largest absolute value / 127, of each channel or of all; the bias has the
// scale input_scale * weight scale and zero 0. Where an entry of it would reach half of what 32 bits hold, the weights' scale
// is widened until it does not. `bias` may be empty, and is then zeros.
// `output_scale` bounds it from below, too: where weights are too small to be seen in the output, they become zeros of a scale
// that arithmetic can hold.
QuantizedWeights quantized_weights(const Tensor& weight, const Tensor& bias, float input_scale, bool per_channel,
                                   float output_scale = 0);

// A constant operand of an element-wise operator: i8 over its own range, one scale.
Tensor quantized_tensor(const Tensor& values, const QuantizedType& type);

// What integers stand for.
Tensor dequantized(const Tensor& integers, const Quantization& quantization);

}  // namespace fovea
