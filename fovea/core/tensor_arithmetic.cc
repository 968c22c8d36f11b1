// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/tensor_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// Calls `act` with a null pointer of the element type.
template <typename Act>
void by_type(DType dtype, Act act) {
  switch (dtype) {
    case DType::f32:
      return act(static_cast<float*>(nullptr));
    case DType::f64:
      return act(static_cast<double*>(nullptr));
    case DType::i32:
      return act(static_cast<int32_t*>(nullptr));
    case DType::i64:
      return act(static_cast<int64_t*>(nullptr));
    default:
      fail("arithmetic of {}; f32, f64, i32 and i64 have it", name(dtype));
  }
}

// The elements of a tensor in the order of a shape that it is broadcast to.
class BroadcastIndex {
 public:
  BroadcastIndex(const Shape& from, const Shape& to) : to_(to), position_(to.size()), steps_(to.size()) {
    if (from.size() > to.size()) misfit(from);
    const size_t missing = to.size() - from.size();
    int64_t stride = 1;
    for (size_t d = to.size(); d-- > missing;) {
      const int64_t extent = from[d - missing];
      if (extent != to[d] && extent != 1) misfit(from);
      steps_[d] = extent == 1 ? 0 : stride;
      stride *= extent;
    }
  }
  int64_t at() const { return at_; }
  void next() {
    for (size_t d = to_.size(); d-- > 0;) {
      at_ += steps_[d];
      if (++position_[d] < to_[d]) break;
      at_ -= steps_[d] * to_[d];
      position_[d] = 0;
    }
  }

 private:
  [[noreturn]] void misfit(const Shape& from) const {
    fail("shape {} cannot be broadcast to {}", to_string(from), to_string(to_));
  }

  const Shape& to_;
  Shape position_, steps_;
  int64_t at_ = 0;
};

template <typename T>
T value_of(BinaryFunction function, T a, T b) requires std::is_integral_v<T> {
  using U = std::make_unsigned_t<T>;
  const auto wrapped = [](U value) { return static_cast<T>(value); };
  const bool other_signs = (a < 0) != (b < 0);
  switch (function) {
    case BinaryFunction::add:
      return wrapped(static_cast<U>(a) + static_cast<U>(b));
    case BinaryFunction::subtract:
      return wrapped(static_cast<U>(a) - static_cast<U>(b));
    case BinaryFunction::multiply:
      return wrapped(static_cast<U>(a) * static_cast<U>(b));
    case BinaryFunction::divide:
    case BinaryFunction::floor_divide:
      if (b == 0) return 0;
      if (b == -1) return wrapped(U{0} - static_cast<U>(a));
      return a / b - (function == BinaryFunction::floor_divide && a % b != 0 && other_signs ? 1 : 0);
    case BinaryFunction::remainder:
    case BinaryFunction::floored_modulo:
      if (b == 0 || b == -1) return 0;
      return a % b + (function == BinaryFunction::floored_modulo && a % b != 0 && other_signs ? b : 0);
    case BinaryFunction::maximum:
      return std::max(a, b);
    case BinaryFunction::minimum:
      return std::min(a, b);
    case BinaryFunction::power:
      break;
  }
  fail("a power of integers");
}

template <typename T>
T value_of(BinaryFunction function, T a, T b) requires std::is_floating_point_v<T> {
  switch (function) {
    case BinaryFunction::add:
      return a + b;
    case BinaryFunction::subtract:
      return a - b;
    case BinaryFunction::multiply:
      return a * b;
    case BinaryFunction::divide:
      return a / b;
    case BinaryFunction::remainder:
      return std::fmod(a, b);
    case BinaryFunction::power:
      return std::pow(a, b);
    case BinaryFunction::maximum:
      return std::max(a, b);
    case BinaryFunction::minimum:
      return std::min(a, b);
    case BinaryFunction::floor_divide:
    case BinaryFunction::floored_modulo:
      break;
  }
  fail("a division of real numbers that rounds down");
}

template <typename T>
bool holds(Comparison comparison, T a, T b) {
  switch (comparison) {
    case Comparison::equal:
      return a == b;
    case Comparison::less:
      return a < b;
    case Comparison::less_or_equal:
      return a <= b;
    case Comparison::greater:
      return a > b;
    case Comparison::greater_or_equal:
      return a >= b;
  }
  return false;
}

template <typename T>
T value_of(UnaryFunction function, T x) {
  switch (function) {
    case UnaryFunction::negate:
      return -x;
    case UnaryFunction::exponential:
      return std::exp(x);
    case UnaryFunction::logarithm:
      return std::log(x);
    case UnaryFunction::square_root:
      return std::sqrt(x);
    case UnaryFunction::reciprocal_square_root:
      return 1 / std::sqrt(x);
    case UnaryFunction::reciprocal:
      return 1 / x;
    case UnaryFunction::floor:
      return std::floor(x);
    case UnaryFunction::ceil:
      return std::ceil(x);
  }
  return x;
}

// The shape of a result of two operands, which are checked.
Shape shape_of_both(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype()) fail("arithmetic of {} with {}", name(a.dtype()), name(b.dtype()));
  const std::optional<Shape> shape = broadcast_shape(a.shape(), b.shape());
  if (!shape) fail("shapes {} and {} do not fit together", to_string(a.shape()), to_string(b.shape()));
  return *shape;
}

// Calls `act(i, x, y)` for the elements x and y that element i of a result of that shape is computed from.
template <typename T, typename Act>
void for_pairs(const Tensor& a, const Tensor& b, const Shape& shape, Act act) {
  BroadcastIndex left(a.shape(), shape), right(b.shape(), shape);
  const T *x = a.data<T>(), *y = b.data<T>();
  for (int64_t i = 0, count = element_count(shape); i < count; ++i, left.next(), right.next())
    act(i, x[left.at()], y[right.at()]);
}

}  // namespace

std::optional<Shape> broadcast_shape(std::span<const int64_t> a, std::span<const int64_t> b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (size_t i = 1; i <= shape.size(); ++i) {
    const int64_t left = i <= a.size() ? a[a.size() - i] : 1, right = i <= b.size() ? b[b.size() - i] : 1;
    if (left != right && left != 1 && right != 1) return std::nullopt;
    shape[shape.size() - i] = left == 1 ? right : left;
  }
  return shape;
}

Tensor broadcast_to(const Tensor& tensor, const Shape& shape) {
  if (tensor.shape() == shape) return tensor;
  BroadcastIndex source(tensor.shape(), shape);
  Tensor result(shape, tensor.dtype());
  const size_t element = byte_size(tensor.dtype());
  for (int64_t i = 0; i < result.size(); ++i, source.next()) {
    std::memcpy(result.raw() + static_cast<size_t>(i) * element, tensor.raw() + static_cast<size_t>(source.at()) * element,
                element);
  }
  return result;
}

Tensor computed(BinaryFunction function, const Tensor& a, const Tensor& b) {
  Tensor result(shape_of_both(a, b), a.dtype());
  by_type(a.dtype(), [&]<typename T>(T*) {
    T* to = result.data<T>();
    for_pairs<T>(a, b, result.shape(), [&](int64_t i, T x, T y) { to[i] = value_of(function, x, y); });
  });
  return result;
}

Tensor compared(Comparison comparison, const Tensor& a, const Tensor& b) {
  Tensor result(shape_of_both(a, b), DType::boolean);
  by_type(a.dtype(), [&]<typename T>(T*) {
    for_pairs<T>(a, b, result.shape(), [&](int64_t i, T x, T y) { result.raw()[i] = std::byte{holds(comparison, x, y)}; });
  });
  return result;
}

Tensor computed(UnaryFunction function, const Tensor& x) {
  Tensor result(x.shape(), x.dtype());
  by_type(x.dtype(), [&]<typename T>(T*) {
    if constexpr (std::is_floating_point_v<T>) {
      std::ranges::transform(x.values<T>(), result.data<T>(), [&](T value) { return value_of(function, value); });
    } else {
      if (function != UnaryFunction::negate) fail("a function of real numbers of {}", name(x.dtype()));
      std::ranges::transform(x.values<T>(), result.data<T>(),
                             [](T value) { return value_of<T>(BinaryFunction::subtract, 0, value); });
    }
  });
  return result;
}

Tensor as_f64(const Tensor& tensor) {
  if (tensor.dtype() == DType::f64) return tensor;
  Tensor result(tensor.shape(), DType::f64);
  by_type(tensor.dtype(), [&]<typename T>(T*) {
    std::ranges::transform(tensor.values<T>(), result.data<double>(), [](T value) { return static_cast<double>(value); });
  });
  return result;
}

Tensor rounded_to_f32(const Tensor& tensor) {
  Tensor result(tensor.shape(), DType::f32);
  std::ranges::transform(tensor.values<double>(), result.data<float>(), [](double value) { return static_cast<float>(value); });
  return result;
}

Tensor concatenated(std::span<const Tensor> parts, size_t axis) {
  Shape shape = parts[0].shape();
  if (axis >= shape.size()) fail("tensors of shape {} cannot be put together along dimension {}", to_string(shape), axis);
  shape[axis] = 0;
  for (const Tensor& part : parts) {
    Shape rest = part.shape();
    const int64_t extent = axis < rest.size() ? std::exchange(rest[axis], shape[axis]) : 0;
    if (rest != shape || part.dtype() != parts[0].dtype()) fail("parts that do not fit together");
    shape[axis] += extent;
  }
  Tensor result(shape, parts[0].dtype());
  const int64_t outer = element_count(std::span(shape).first(axis));
  std::byte* to = result.raw();
  for (int64_t block = 0; block < outer; ++block) {
    for (const Tensor& part : parts) {
      const size_t run = part.bytes() / static_cast<size_t>(outer);
      if (run > 0) std::memcpy(to, part.raw() + static_cast<size_t>(block) * run, run);
      to += run;
    }
  }
  return result;
}

Tensor strided_slice(const Tensor& tensor, const Shape& offsets, const Shape& sizes, const Shape& strides) {
  const Shape& shape = tensor.shape();
  const size_t element = byte_size(tensor.dtype()), rank = shape.size();
  if (offsets.size() != rank || sizes.size() != rank || strides.size() != rank) fail("a slice of {} dimensions", sizes.size());
  Tensor result(sizes, tensor.dtype());
  if (result.empty()) return result;
  for (size_t d = 0; d < rank; ++d) {
    const int64_t last = offsets[d] + (sizes[d] - 1) * strides[d];
    if (std::min(offsets[d], last) < 0 || std::max(offsets[d], last) >= shape[d])
      fail("a slice outside of a tensor of shape {}", to_string(shape));
  }
  Shape position(rank, 0);
  for (int64_t index = 0; index < result.size(); ++index) {
    int64_t source = 0;
    for (size_t d = 0; d < rank; ++d) source = source * shape[d] + offsets[d] + position[d] * strides[d];
    std::memcpy(result.raw() + static_cast<size_t>(index) * element, tensor.raw() + static_cast<size_t>(source) * element,
                element);
    for (size_t d = rank; d-- > 0;) {
      if (++position[d] < sizes[d]) break;
      position[d] = 0;
    }
  }
  return result;
}

Tensor gathered(const Tensor& tensor, std::span<const int64_t> indices, const Shape& index_shape, size_t axis) {
  const Shape& from = tensor.shape();
  const int64_t extent = from.at(axis);
  const std::span<const int64_t> before = std::span(from).first(axis), after = std::span(from).subspan(axis + 1);
  Shape shape(before.begin(), before.end());
  shape.insert(shape.end(), index_shape.begin(), index_shape.end());
  shape.insert(shape.end(), after.begin(), after.end());
  Tensor result(shape, tensor.dtype());
  const size_t row = static_cast<size_t>(element_count(after)) * byte_size(tensor.dtype());
  std::byte* to = result.raw();
  for (const int64_t index : indices) {
    if (index < -extent || index >= extent) fail("index {} of {}", index, extent);
  }
  for (int64_t block = 0, outer = element_count(before); block < outer; ++block) {
    for (const int64_t index : indices) {
      const int64_t place = block * extent + index + (index < 0 ? extent : 0);
      if (row > 0) std::memcpy(to, tensor.raw() + static_cast<size_t>(place) * row, row);
      to += row;
    }
  }
  return result;
}

}  // namespace fovea
