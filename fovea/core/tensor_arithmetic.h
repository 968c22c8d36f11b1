// SPDX-License-Identifier: Apache-2.0
/// \file
/// Arithmetic on whole tensors with broadcasting, on the host: what is known before a network runs is computed by it, when
/// files are read and when networks are rewritten.
///
/// Elements are f32, f64, i32 or i64; other types fail. Integers wrap around as two's complement does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "fovea/core/tensor.h"

namespace fovea {

/// The shape that tensors of both shapes are broadcast to; nothing when they do not fit.
std::optional<Shape> broadcast_shape(std::span<const int64_t> a, std::span<const int64_t> b);

/// A tensor of any element type repeated along missing dimensions and those of extent 1; itself, sharing storage, when it has
/// the shape. Fails when it cannot be broadcast to it.
Tensor broadcast_to(const Tensor& tensor, const Shape& shape);

/// A function of two numbers. Division of integers goes toward zero, floor_divide down; by 0 it is 0, and so is the remainder.
enum class BinaryFunction : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,    ///< of integers
  remainder,       ///< with the sign of the first number, as C's % and fmod
  floored_modulo,  ///< with the sign of the second number; of integers
  power,           ///< of f32 and f64
  maximum,
  minimum
};
/// The function of all pairs of elements, which have one type. Fails when the shapes do not fit.
Tensor computed(BinaryFunction function, const Tensor& a, const Tensor& b);

/// A relation between two numbers.
enum class Comparison : uint8_t { equal, less, less_or_equal, greater, greater_or_equal };
/// The relation of all pairs of elements, which have one type, as booleans. Fails when the shapes do not fit.
Tensor compared(Comparison comparison, const Tensor& a, const Tensor& b);

/// A function of one number; of f32 and f64, but negate also of integers.
enum class UnaryFunction : uint8_t {
  negate,
  exponential,
  logarithm,
  square_root,
  reciprocal_square_root,
  reciprocal,
  floor,
  ceil
};
/// The function of each element.
Tensor computed(UnaryFunction function, const Tensor& x);

/// f32, f64, i32 and i64 as f64; i64 is rounded to the nearest.
Tensor as_f64(const Tensor& tensor);
/// f64 as f32, rounded to the nearest.
Tensor rounded_to_f32(const Tensor& tensor);

/// Tensors of any element type, one after another along a dimension. Fails when their other extents or their types differ.
Tensor concatenated(std::span<const Tensor> parts, size_t axis);

/// Every element at offsets[d] + i * strides[d], i < sizes[d], of a tensor of any element type. Fails outside of the tensor.
Tensor strided_slice(const Tensor& tensor, const Shape& offsets, const Shape& sizes, const Shape& strides);

/// The rows of `axis` that `indices` name, in a result whose dimensions `index_shape` take the place of `axis`. Negative
/// indices count from the end; others outside of the extent fail.
Tensor gathered(const Tensor& tensor, std::span<const int64_t> indices, const Shape& index_shape, size_t axis);

}  // namespace fovea
