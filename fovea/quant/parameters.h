// SPDX-License-Identifier: Apache-2.0
/// \file
/// From ranges and real tensors to scales, zero points and integers (TensorFlow Lite 8-bit quantization specification).
#pragma once

#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/graph/graph.h"
#include "fovea/graph/quantization.h"
#include "fovea/quant/observer.h"

namespace fovea {

/// The type of activations: scale = (maximum - minimum) / 255 of the range extended to contain 0, and zero = round(-128 -
/// minimum / scale). A range without width gets scale 1.
QuantizedType activation_type(Range range);
/// The range that the integers of a type cover.
Range range_of(const QuantizedType& type);

/// The prescribed type of sigmoid and softmax: scale 1/256 and zero point -128 (0 for u8).
QuantizedType probability_type(DType storage = DType::i8);
/// The prescribed type of tanh: scale 1/128 and zero point 0.
QuantizedType tangent_type();
QuantizedType unit_type();  ///< 0 to 1: the result of hard sigmoid

/// The integers of a conv or dense layer.
struct QuantizedWeights {
  Tensor weight;           ///< i8, -limit..limit
  Tensor bias;             ///< i32, empty without one
  TensorType weight_type;  ///< of the weight
  TensorType bias_type;    ///< of the bias
};

/// Quantizes weights whose last dimension is the output channels. The scale is the largest absolute value / limit, for each
/// channel or for all; the bias has the scale input_scale * weight scale and zero point 0. When an entry of the bias would
/// exceed half of 32 bits, the weights' scale is widened. `bias` may be empty and then stands for zeros. Integers are from
/// -limit to limit, 127 for 8 bits and 7 for 4. With `output_scale`, scales are also limited from below: weights too small to
/// be seen in the output become zeros with a scale that arithmetic can represent.
QuantizedWeights quantized_weights(const Tensor& weight, const Tensor& bias, float input_scale, bool per_channel,
                                   float output_scale = 0, int64_t limit = 127);

/// A constant operand of an element-wise operator: i8 over its own range with one scale.
Tensor quantized_tensor(const Tensor& values, const QuantizedType& type);

/// The real numbers that integers stand for.
Tensor dequantized(const Tensor& integers, const Quantization& quantization);

}  // namespace fovea
