// SPDX-License-Identifier: Apache-2.0
// The arguments of operators on shapes, from attributes and known inputs, checked against the shape that they apply to.
// Internal to fovea/interchange/onnx.
#pragma once

#include "fovea/interchange/onnx/importer.h"

namespace fovea {

// sizes[d] elements from offsets[d] on, in steps of strides[d].
struct Box {
  Shape offsets, sizes, strides;
};

Shape reshaped_shape(Importer& importer, const OnnxNode& node, const Shape& input);           // Reshape
Shape squeezed_shape(Importer& importer, const OnnxNode& node, const Shape& input);           // Squeeze
Shape unsqueezed_shape(Importer& importer, const OnnxNode& node, const Shape& input);         // Unsqueeze
Shape expanded_shape(Importer& importer, const OnnxNode& node, const Shape& input);           // Expand
std::vector<int64_t> permutation_of(Importer& importer, const OnnxNode& node, int64_t rank);  // Transpose
Box box_of(Importer& importer, const OnnxNode& node, const Shape& input);                     // Slice

}  // namespace fovea
