// SPDX-License-Identifier: Apache-2.0
// The scales and zero points of QuantizeLinear and DequantizeLinear: one for a tensor, one for each position of a dimension, or
// one for each block of positions.
#pragma once

#include "fovea/interchange/onnx/importer.h"

namespace fovea {

// The scales and zero points of one node.
class LinearScales {
 public:
  // The scales of a node whose numbers have this shape. A QuantizeLinear without zero points has those of `otherwise`, unless
  // it specifies another type. Fails when they do not fit the shape.
  LinearScales(Importer& importer, const OnnxNode& node, const Shape& shape, DType otherwise);

  DType dtype() const { return dtype_; }  // of the integers
  bool is_single() const { return scales_.size() == 1; }
  float scale(int64_t i) const { return scales_.data<float>()[place(i)]; }
  int64_t zero(int64_t i) const { return zeros_[static_cast<size_t>(place(i))]; }

  // One scale, or one for each position along a dimension; nothing for blocks.
  std::optional<Quantization> quantization() const;
  // One number for each element, in a shape that broadcasts to the tensor's.
  Tensor scales() const {
    return spread([this](int64_t i) { return scale(i); });
  }
  Tensor zeros() const {
    return spread([this](int64_t i) { return static_cast<float>(zero(i)); });
  }
  bool all_zeros(int64_t number) const;

 private:
  int64_t place(int64_t i) const;  // for element i of the row-major tensor
  Tensor spread(const std::function<float(int64_t)>& number) const;

  Shape shape_;
  DType dtype_ = DType::u8;
  Tensor scales_;
  std::vector<int64_t> zeros_;  // one for each scale
  int64_t axis_ = -1, block_ = 0, inner_ = 1, extent_ = 1, blocks_ = 1;
};

// Whether the scale is one number that is known while reading.
bool has_known_scale(Importer& importer, const OnnxNode& node);

int64_t integer_at(const Tensor& tensor, int64_t index);

}  // namespace fovea
