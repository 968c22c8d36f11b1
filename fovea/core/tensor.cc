// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/tensor.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "fovea/core/error.h"

namespace fovea {
namespace {

struct DTypeRow {
  DType dtype;
  const char* name;
  size_t bytes;
};

constexpr std::array<DTypeRow, 10> dtype_table{{{DType::f32, "f32", 4},
                                                {DType::f64, "f64", 8},
                                                {DType::bf16, "bf16", 2},
                                                {DType::f16, "f16", 2},
                                                {DType::i8, "i8", 1},
                                                {DType::u8, "u8", 1},
                                                {DType::i16, "i16", 2},
                                                {DType::i32, "i32", 4},
                                                {DType::i64, "i64", 8},
                                                {DType::boolean, "boolean", 1}}};

// Memory of zeros. Large blocks are fresh pages of the system, which take no physical memory until they are written.
std::shared_ptr<std::byte> allocate(size_t bytes) {
  constexpr size_t line = 64;
  // The size is a whole number of cache lines, so that a vector load at the end of one tensor never touches another.
  const size_t rounded = std::max((bytes + line - 1) / line * line, line);
  void* memory = std::calloc(1, rounded + line);
  if (memory == nullptr) fail(ErrorCode::resource_exhausted, "out of memory: a tensor of {} bytes", bytes);
  std::shared_ptr<void> owner(memory, [](void* start) { std::free(start); });
  size_t space = rounded + line;
  return {owner, static_cast<std::byte*>(std::align(line, rounded, memory, space))};
}

}  // namespace

size_t byte_size(DType dtype) { return dtype_table[static_cast<size_t>(dtype)].bytes; }

std::string_view name(DType dtype) { return dtype_table[static_cast<size_t>(dtype)].name; }

DType dtype_named(std::string_view wanted) {
  std::vector<std::string> known;
  for (const DTypeRow& row : dtype_table) {
    if (row.name == wanted) return row.dtype;
    known.emplace_back(row.name);
  }
  refuse_unknown("element type", wanted, known);
}

int64_t element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (extent < 0) fail("negative extent in shape {}", to_string(shape));
    if (__builtin_mul_overflow(count, extent, &count)) fail("shape {} has too many elements", to_string(shape));
  }
  return count;
}

std::string to_string(std::span<const int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Tensor::Tensor(Shape shape, DType dtype) : shape_(std::move(shape)), dtype_(dtype), count_(element_count(shape_)) {
  size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<size_t>(count_), byte_size(dtype), &bytes))
    fail("shape {} has too many bytes", to_string(shape_));
  storage_ = allocate(bytes);
}

Tensor Tensor::clone() const {
  Tensor copy(shape_, dtype_);
  std::memcpy(copy.raw(), raw(), bytes());
  return copy;
}

Tensor Tensor::reshaped(Shape shape) const {
  if (element_count(shape) != count_)
    fail("cannot reshape {} to {}: the numbers of elements differ", to_string(shape_), to_string(shape));
  Tensor view = *this;
  view.shape_ = std::move(shape);
  return view;
}

void Tensor::check_dtype(DType wanted) const {
  if (wanted != dtype_) fail("a tensor of {} was read as {}", name(dtype_), name(wanted));
}

void Tensor::check_count(size_t count) const {
  if (count != static_cast<size_t>(count_)) fail("shape {} has {} elements, {} were given", to_string(shape_), count_, count);
}

Tensor integer_tensor(const Shape& shape, const std::vector<int64_t>& numbers, DType dtype) {
  Tensor tensor(shape, dtype);
  if (static_cast<size_t>(tensor.size()) != numbers.size())
    fail("shape {} has {} elements, {} were given", to_string(shape), tensor.size(), numbers.size());
  if (dtype == DType::i64)
    std::ranges::copy(numbers, tensor.data<int64_t>());
  else
    std::ranges::transform(numbers, tensor.data<int32_t>(), [](int64_t number) { return static_cast<int32_t>(number); });
  return tensor;
}

}  // namespace fovea
