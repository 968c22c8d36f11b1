// SPDX-License-Identifier: Apache-2.0
// What files compute from constants alone: shapes for RESHAPE and the like, and weights that are stored differently from how
// they are used. Small integers are computed here, and constants of any type are moved.
#include <algorithm>
#include <functional>

#include "fovea/core/tensor_permute.h"
#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

constexpr int64_t most_numbers = 1 << 16, largest = int64_t{1} << 40;

bool all_constant(Reader& reader) {
  for (size_t i = 0; i < reader.input_count(); ++i)
    if (reader.has(i) && !reader.is_constant(i)) return false;
  return true;
}

bool all_integers(Reader& reader) {
  for (size_t i = 0; i < reader.input_count(); ++i) {
    if (!reader.has(i)) return false;
    const Tensor tensor = reader.values(i, "input");
    if ((tensor.dtype() != DType::i32 && tensor.dtype() != DType::i64) || tensor.size() > most_numbers) return false;
  }
  return true;
}

using Function = std::function<int64_t(int64_t, int64_t)>;

int64_t wrapped(uint64_t value) { return static_cast<int64_t>(value); }

// A function of two integers; nothing for a division by zero.
Function function_of(BuiltinOperator code) {
  switch (code) {
    case BuiltinOperator::ADD:
      return [](int64_t a, int64_t b) { return wrapped(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); };
    case BuiltinOperator::SUB:
      return [](int64_t a, int64_t b) { return wrapped(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)); };
    case BuiltinOperator::MUL:
      return [](int64_t a, int64_t b) { return wrapped(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)); };
    case BuiltinOperator::DIV:
      return [](int64_t a, int64_t b) { return b == -1 ? wrapped(0 - static_cast<uint64_t>(a)) : a / b; };
    case BuiltinOperator::FLOOR_DIV:
      return [](int64_t a, int64_t b) {
        if (b == -1) return wrapped(0 - static_cast<uint64_t>(a));
        return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
      };
    case BuiltinOperator::FLOOR_MOD:
      return [](int64_t a, int64_t b) { return b == -1 ? 0 : a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0); };
    case BuiltinOperator::MAXIMUM:
      return [](int64_t a, int64_t b) { return std::max(a, b); };
    case BuiltinOperator::MINIMUM:
      return [](int64_t a, int64_t b) { return std::min(a, b); };
    default:
      return {};
  }
}

bool fold_binary(Reader& reader) {
  const Function function = function_of(reader.op().code);
  if (!function || reader.input_count() != 2) return false;
  const Tensor left = reader.values(0, "input"), right = reader.values(1, "input");
  const std::vector<int64_t> a = reader.integers(0, "input"), b = reader.integers(1, "input");
  if (a.size() != b.size() && a.size() != 1 && b.size() != 1) return false;
  const bool divides = reader.op().code == BuiltinOperator::DIV || reader.op().code == BuiltinOperator::FLOOR_DIV ||
                       reader.op().code == BuiltinOperator::FLOOR_MOD;
  if (divides && std::ranges::find(b, 0) != b.end()) reader.fail("divides by zero");
  const bool longer = b.size() > a.size() || (b.size() == a.size() && right.shape().size() > left.shape().size());
  std::vector<int64_t> result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) result[i] = function(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]);
  reader.set_constant_output(integer_tensor(longer ? right.shape() : left.shape(), result, left.dtype()));
  return true;
}

// The product, sum, minimum or maximum of all numbers.
bool fold_reduction(Reader& reader) {
  const std::vector<int64_t> numbers = reader.integers(0, "input");
  const auto* options = reader.op().options<ReducerOptions>();
  if (reader.values(0, "input").shape().size() != 1 || numbers.empty()) return false;
  int64_t result = numbers[0];
  for (size_t i = 1; i < numbers.size(); ++i) {
    switch (reader.op().code) {
      case BuiltinOperator::REDUCE_PROD:
        result = wrapped(static_cast<uint64_t>(result) * static_cast<uint64_t>(numbers[i]));
        break;
      case BuiltinOperator::SUM:
        result = wrapped(static_cast<uint64_t>(result) + static_cast<uint64_t>(numbers[i]));
        break;
      case BuiltinOperator::REDUCE_MAX:
        result = std::max(result, numbers[i]);
        break;
      case BuiltinOperator::REDUCE_MIN:
        result = std::min(result, numbers[i]);
        break;
      default:
        return false;
    }
  }
  const Shape shape = options && options->keep_dims() ? Shape{1} : Shape{};
  reader.set_constant_output(integer_tensor(shape, {result}, reader.values(0, "input").dtype()));
  return true;
}

bool fold_concatenation(Reader& reader) {
  std::vector<int64_t> all;
  for (size_t i = 0; i < reader.input_count(); ++i) {
    if (reader.values(i, "input").shape().size() != 1) return false;
    const std::vector<int64_t> part = reader.integers(i, "input");
    all.insert(all.end(), part.begin(), part.end());
  }
  reader.set_constant_output(integer_tensor({std::ssize(all)}, all, reader.values(0, "input").dtype()));
  return true;
}

bool fold_range(Reader& reader) {
  if (reader.input_count() != 3) return false;
  const auto number = [&](size_t input) {
    const std::vector<int64_t> numbers = reader.integers(input, "number");
    if (numbers.size() != 1 || numbers[0] > largest || numbers[0] < -largest) reader.fail("counts by {}", to_string(numbers));
    return numbers[0];
  };
  const int64_t start = number(0), limit = number(1), step = number(2);
  if (step == 0) reader.fail("counts in steps of 0");
  std::vector<int64_t> numbers;
  for (int64_t at = start; step > 0 ? at < limit : at > limit; at += step) {
    if (std::ssize(numbers) >= most_numbers) reader.fail("counts more than {} numbers", most_numbers);
    numbers.push_back(at);
  }
  reader.set_constant_output(integer_tensor({std::ssize(numbers)}, numbers, reader.values(0, "start").dtype()));
  return true;
}

bool fold_unpack(Reader& reader) {
  const std::vector<int64_t> numbers = reader.integers(0, "input");
  if (reader.values(0, "input").shape().size() != 1 || numbers.size() < reader.output_count()) return false;
  for (size_t i = 0; i < reader.output_count(); ++i)
    reader.set_constant_output(integer_tensor({}, {numbers[i]}, reader.values(0, "input").dtype()), i);
  return true;
}

// The same numbers in another shape or order. Scales are not moved along, so only real numbers and plain integers are
// supported.
bool fold_movement(Reader& reader) {
  const Tensor tensor = reader.values(0, "input");
  const bool integers = tensor.dtype() == DType::i32 || tensor.dtype() == DType::i64;
  if (tensor.dtype() != DType::f32 && !integers) return false;
  switch (reader.op().code) {
    case BuiltinOperator::RESHAPE:
    case BuiltinOperator::SQUEEZE:
    case BuiltinOperator::EXPAND_DIMS:
      if (element_count(reader.file_output_shape()) != tensor.size()) return false;
      reader.set_constant_output(tensor.reshaped(reader.file_output_shape()));
      return true;
    case BuiltinOperator::TRANSPOSE:
      reader.set_constant_output(permuted(tensor, reader.integers(1, "order of dimensions")));
      return true;
    default:
      return false;
  }
}

bool fold_cast(Reader& reader) {
  const Tensor from = reader.values(0, "input");
  const std::optional<DType> to = dtype_of(reader.file_output_type());
  if (from.dtype() == DType::f32 && to == DType::f32) {  // halves were widened when they were read
    reader.set_constant_output(from);
    return true;
  }
  if (!all_integers(reader)) return false;
  const std::vector<int64_t> numbers = reader.integers(0, "input");
  if (to == DType::i32 || to == DType::i64) {
    reader.set_constant_output(integer_tensor(from.shape(), numbers, *to));
    return true;
  }
  if (to != DType::f32) return false;
  Tensor result(from.shape(), DType::f32);
  std::ranges::transform(numbers, result.data<float>(), [](int64_t number) { return static_cast<float>(number); });
  reader.set_constant_output(std::move(result));
  return true;
}

}  // namespace

bool read_folded(Reader& reader) {
  if (!all_constant(reader)) return false;
  switch (reader.op().code) {
    case BuiltinOperator::DENSIFY:  // sparse tensors were expanded when the file was opened
      reader.set_constant_output(reader.values(0, "input"));
      return true;
    case BuiltinOperator::RESHAPE:
    case BuiltinOperator::SQUEEZE:
    case BuiltinOperator::EXPAND_DIMS:
    case BuiltinOperator::TRANSPOSE:
      return fold_movement(reader);
    case BuiltinOperator::CAST:
      return fold_cast(reader);
    default:
      break;
  }
  if (!all_integers(reader)) return false;
  switch (reader.op().code) {
    case BuiltinOperator::REDUCE_PROD:
    case BuiltinOperator::SUM:
    case BuiltinOperator::REDUCE_MAX:
    case BuiltinOperator::REDUCE_MIN:
      return fold_reduction(reader);
    case BuiltinOperator::CONCATENATION:
      return fold_concatenation(reader);
    case BuiltinOperator::RANGE:
      return fold_range(reader);
    case BuiltinOperator::UNPACK:
      return fold_unpack(reader);
    default:
      return fold_binary(reader);
  }
}

}  // namespace fovea::tflite
