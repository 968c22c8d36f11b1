// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/linear_scales.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

// The type that an attribute of a QuantizeLinear names; `otherwise` when there is none.
DType dtype_of_attribute(const Importer& importer, const OnnxNode& node, DType otherwise) {
  constexpr int64_t u8 = 2, i8 = 3;
  const int64_t given = importer.integer(node, "output_dtype", 0);
  if (given == 0) return otherwise;
  if (given != u8 && given != i8) importer.complain(node, "integers of ONNX type {}; fovea makes int8 and uint8", given);
  return given == u8 ? DType::u8 : DType::i8;
}

}  // namespace

int64_t integer_at(const Tensor& tensor, int64_t index) {
  if (tensor.dtype() == DType::u8) return tensor.data<uint8_t>()[index];
  if (tensor.dtype() == DType::i8) return tensor.data<int8_t>()[index];
  return tensor.data<int32_t>()[index];
}

bool has_known_scale(Importer& importer, const OnnxNode& node) {
  const ImportedValue& scale = importer.quantized_input(node, 1);
  if (!scale.constant || scale.constant->size() != 1) return false;
  return !importer.has_input(node, 2) || importer.quantized_input(node, 2).constant.has_value();
}

LinearScales::LinearScales(Importer& importer, const OnnxNode& node, const Shape& shape, DType otherwise)
    : shape_(shape), scales_(importer.constant(node, 1)) {
  const Tensor* zeros = importer.has_input(node, 2) ? &importer.constant(node, 2) : nullptr;
  if (scales_.dtype() != DType::f32 || scales_.size() < 1 ||
      (zeros != nullptr && zeros->size() != scales_.size() && zeros->size() != 1))
    importer.complain(node, "scales {} with zero points {}", to_string(scales_.shape()),
                      zeros == nullptr ? "left out" : to_string(zeros->shape()));
  const bool quantizes = node.type == "QuantizeLinear";
  dtype_ = quantizes ? dtype_of_attribute(importer, node, zeros != nullptr ? zeros->dtype() : otherwise)
                     : (zeros != nullptr ? zeros->dtype() : otherwise);
  if (zeros != nullptr && zeros->dtype() != dtype_)
    importer.complain(node, "zero points are {}, the integers {}", name(zeros->dtype()), name(dtype_));
  if (quantizes && zeros != nullptr && importer.has_four_bits(node, 2))
    importer.complain(node, "integers of four bits; fovea reads them and makes int8 and uint8");
  if (dtype_ != DType::u8 && dtype_ != DType::i8 && dtype_ != DType::i32)
    importer.complain(node, "integers of type {}; fovea has int8, uint8 and int32", name(dtype_));
  for (int64_t i = 0; i < scales_.size(); ++i) {
    const float scale = scales_.data<float>()[i];
    if (!(scale > 0) || !std::isfinite(scale)) importer.complain(node, "a scale of {}", scale);
    zeros_.push_back(zeros == nullptr ? 0 : integer_at(*zeros, zeros->size() == 1 ? 0 : i));
  }
  block_ = importer.integer(node, "block_size", 0);
  const int64_t given = importer.integer(node, "axis", 1);
  if (is_single()) return;
  const auto rank = static_cast<int64_t>(shape.size());
  axis_ = importer.dimension(node, given, rank);
  extent_ = shape[static_cast<size_t>(axis_)];
  inner_ = element_count(Shape(shape.begin() + axis_ + 1, shape.end()));
  if (block_ < 0) importer.complain(node, "blocks of {}", block_);
  blocks_ = block_ == 0 ? extent_ : (extent_ + block_ - 1) / block_;
  Shape wanted{extent_};
  if (block_ != 0) {
    wanted = shape;
    wanted[static_cast<size_t>(axis_)] = blocks_;
  }
  if (scales_.shape() != wanted)
    importer.complain(node, "scales {} for dimension {} of {}", to_string(scales_.shape()), axis_, to_string(shape));
}

int64_t LinearScales::place(int64_t i) const {
  if (is_single()) return 0;
  const int64_t position = i / inner_ % extent_;
  if (block_ == 0) return position;
  return (i / inner_ / extent_ * blocks_ + position / block_) * inner_ + i % inner_;
}

std::optional<Quantization> LinearScales::quantization() const {
  if (!is_single() && block_ != 0) return std::nullopt;
  return Quantization{.scales = {scales_.values<float>().begin(), scales_.values<float>().end()},
                      .zeros = zeros_,
                      .axis = is_single() ? -1 : axis_};
}

bool LinearScales::all_zeros(int64_t number) const {
  return std::ranges::all_of(zeros_, [&](int64_t zero) { return zero == number; });
}

Tensor LinearScales::spread(const std::function<float(int64_t)>& number) const {
  Shape shape = shape_;
  const bool whole = !is_single() && block_ != 0;
  if (!whole) std::ranges::fill(shape, 1);
  if (!whole && !is_single()) shape[static_cast<size_t>(axis_)] = extent_;
  Tensor tensor(shape, DType::f32);
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.data<float>()[i] = number(whole ? i : i * inner_);
  return tensor;
}

}  // namespace fovea
