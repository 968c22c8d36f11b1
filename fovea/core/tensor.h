// SPDX-License-Identifier: Apache-2.0
/// \file
/// Host tensors: a shape, an element type, and contiguous row-major storage that copies share.
///
/// The layout is the same everywhere: activations are [batch, spatial..., channels], filters are [spatial..., in, out]
/// (docs/architecture.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The type of a tensor's elements. A boolean takes one byte.
enum class DType : uint8_t { f32, f64, bf16, f16, i8, u8, i16, i32, i64, boolean };

size_t byte_size(DType dtype);        ///< Bytes of one element.
std::string_view name(DType dtype);   ///< "f32", "i8", ...; the text is valid for the life of the process.
DType dtype_named(std::string_view);  ///< The inverse of name(). Refuses unknown names, with the nearest known one.

/// The extents of a tensor, outermost dimension first; empty for a scalar.
using Shape = std::vector<int64_t>;

/// The product of the extents, 1 for a scalar. Fails on a negative extent and on overflow.
int64_t element_count(std::span<const int64_t> shape);
std::string to_string(std::span<const int64_t> shape);  ///< "[128, 28, 28, 1]"

/// The element type of a C++ type: float, double, int8_t, uint8_t, int16_t, int32_t or int64_t.
///@{
template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<int8_t>() {
  return DType::i8;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::u8;
}
template <>
constexpr DType dtype_of<int16_t>() {
  return DType::i16;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::i64;
}
///@}

/// A tensor in host memory. A copy shares the storage of the original, like a std::shared_ptr; clone() copies the elements.
/// Several threads may read a tensor; writing needs the caller's own locking, also across copies.
class Tensor {
 public:
  /// An empty tensor: no elements, no storage.
  Tensor() = default;
  /// All elements zero; the storage is aligned to 64 bytes. Fails when there is not enough memory.
  Tensor(Shape shape, DType dtype);

  /// A tensor with these elements in row-major order. Fails when their number does not fit the shape.
  template <typename T>
  static Tensor of(Shape shape, std::initializer_list<T> values) {
    Tensor tensor(std::move(shape), dtype_of<T>());
    tensor.check_count(values.size());
    std::copy(values.begin(), values.end(), tensor.data<T>());
    return tensor;
  }

  /// The extents; valid as long as this tensor.
  const Shape& shape() const { return shape_; }
  /// The element type.
  DType dtype() const { return dtype_; }
  /// The number of elements.
  int64_t size() const { return count_; }
  /// The size of the elements in bytes.
  size_t bytes() const { return static_cast<size_t>(count_) * byte_size(dtype_); }
  /// Whether there are no elements.
  bool empty() const { return count_ == 0; }

  /// The elements as bytes, valid as long as a tensor that shares them; null for an empty tensor that was default-constructed.
  std::byte* raw() { return storage_.get(); }
  /// The same for reading.
  const std::byte* raw() const { return storage_.get(); }

  /// The elements in row-major order, valid as long as a tensor that shares them. Fails when T is not the element type.
  template <typename T>
  T* data() {
    check_dtype(dtype_of<T>());
    return reinterpret_cast<T*>(storage_.get());
  }
  /// The same for reading.
  template <typename T>
  const T* data() const {
    check_dtype(dtype_of<T>());
    return reinterpret_cast<const T*>(storage_.get());
  }
  /// The elements as a span, under the conditions of data().
  template <typename T>
  std::span<T> values() {
    return {data<T>(), static_cast<size_t>(count_)};
  }
  /// The same for reading.
  template <typename T>
  std::span<const T> values() const {
    return {data<T>(), static_cast<size_t>(count_)};
  }

  Tensor clone() const;                ///< A deep copy.
  Tensor reshaped(Shape shape) const;  ///< The same storage with another shape of equal count; fails when the counts differ.

 private:
  void check_dtype(DType wanted) const;
  void check_count(size_t count) const;

  Shape shape_;
  DType dtype_ = DType::f32;
  int64_t count_ = 0;
  std::shared_ptr<std::byte> storage_;
};

/// A tensor of i64 or i32 from integers, which for i32 are cut to their lower 32 bits; other types fail, and a wrong count.
Tensor integer_tensor(const Shape& shape, const std::vector<int64_t>& numbers, DType dtype = DType::i64);

}  // namespace fovea
