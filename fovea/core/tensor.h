// SPDX-License-Identifier: Apache-2.0
// Host tensors: a shape, an element type and contiguous row-major storage, shared on copy.
//
// Layout everywhere: activations are [batch, spatial..., channels]; filters are [spatial..., in, out] (docs/architecture.md).
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

enum class DType : uint8_t { f32, f64, bf16, f16, i8, u8, i16, i32, i64, boolean };

size_t byte_size(DType dtype);        // of one element
std::string_view name(DType dtype);   // "f32", "i8", ...
DType dtype_named(std::string_view);  // refuses unknown names, with the nearest

using Shape = std::vector<int64_t>;

int64_t element_count(std::span<const int64_t> shape);  // 1 for a scalar; fails on overflow
std::string to_string(std::span<const int64_t> shape);  // "[128, 28, 28, 1]"

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

class Tensor {
 public:
  Tensor() = default;
  Tensor(Shape shape, DType dtype);  // zeros, aligned to 64 bytes

  template <typename T>
  static Tensor of(Shape shape, std::initializer_list<T> values) {
    Tensor tensor(std::move(shape), dtype_of<T>());
    tensor.check_count(values.size());
    std::copy(values.begin(), values.end(), tensor.data<T>());
    return tensor;
  }

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  int64_t size() const { return count_; }
  size_t bytes() const { return static_cast<size_t>(count_) * byte_size(dtype_); }
  bool empty() const { return count_ == 0; }

  std::byte* raw() { return storage_.get(); }
  const std::byte* raw() const { return storage_.get(); }

  template <typename T>
  T* data() {
    check_dtype(dtype_of<T>());
    return reinterpret_cast<T*>(storage_.get());
  }
  template <typename T>
  const T* data() const {
    check_dtype(dtype_of<T>());
    return reinterpret_cast<const T*>(storage_.get());
  }
  template <typename T>
  std::span<T> values() {
    return {data<T>(), static_cast<size_t>(count_)};
  }
  template <typename T>
  std::span<const T> values() const {
    return {data<T>(), static_cast<size_t>(count_)};
  }

  Tensor clone() const;                // a deep copy
  Tensor reshaped(Shape shape) const;  // the same storage seen with another shape of equal count

 private:
  void check_dtype(DType wanted) const;
  void check_count(size_t count) const;

  Shape shape_;
  DType dtype_ = DType::f32;
  int64_t count_ = 0;
  std::shared_ptr<std::byte> storage_;
};

// Integers as a tensor of i64, or of i32, where each is cut to 32 bits; of no other type.
Tensor integer_tensor(const Shape& shape, const std::vector<int64_t>& numbers, DType dtype = DType::i64);

}  // namespace fovea
