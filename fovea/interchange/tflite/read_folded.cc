// SPDX-License-Identifier: Apache-2.0
// What files compute from constants alone: shapes for RESHAPE and the like, and weights that are stored differently from how
// they are used. Small integers are computed here, and constants of any type are moved.
#include <algorithm>

#include "fovea/core/tensor_arithmetic.h"
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

std::optional<BinaryFunction> function_of(BuiltinOperator code) {
  switch (code) {
    case BuiltinOperator::ADD:
      return BinaryFunction::add;
    case BuiltinOperator::SUB:
      return BinaryFunction::subtract;
    case BuiltinOperator::MUL:
      return BinaryFunction::multiply;
    case BuiltinOperator::DIV:
      return BinaryFunction::divide;
    case BuiltinOperator::FLOOR_DIV:
      return BinaryFunction::floor_divide;
    case BuiltinOperator::FLOOR_MOD:
      return BinaryFunction::floored_modulo;
    case BuiltinOperator::MAXIMUM:
      return BinaryFunction::maximum;
    case BuiltinOperator::MINIMUM:
      return BinaryFunction::minimum;
    default:
      return std::nullopt;
  }
}

bool fold_binary(Reader& reader) {
  const std::optional<BinaryFunction> function = function_of(reader.op().code);
  if (!function || reader.input_count() != 2) return false;
  const Tensor a = reader.values(0, "input"), b = reader.values(1, "input");
  const std::optional<Shape> shape = broadcast_shape(a.shape(), b.shape());
  if (!shape || element_count(*shape) > most_numbers || a.dtype() != b.dtype()) return false;
  const bool divides = function == BinaryFunction::divide || function == BinaryFunction::floor_divide ||
                       function == BinaryFunction::floored_modulo;
  if (divides && std::ranges::count(reader.integers(1, "input"), 0) > 0) reader.fail("divides by zero");
  reader.set_constant_output(computed(*function, a, b));
  return true;
}

std::optional<BinaryFunction> reduction_of(BuiltinOperator code) {
  switch (code) {
    case BuiltinOperator::REDUCE_PROD:
      return BinaryFunction::multiply;
    case BuiltinOperator::SUM:
      return BinaryFunction::add;
    case BuiltinOperator::REDUCE_MAX:
      return BinaryFunction::maximum;
    case BuiltinOperator::REDUCE_MIN:
      return BinaryFunction::minimum;
    default:
      return std::nullopt;
  }
}

// The product, sum, minimum or maximum of all numbers.
bool fold_reduction(Reader& reader, BinaryFunction function) {
  const Tensor numbers = reader.values(0, "input");
  const auto* options = reader.op().options<ReducerOptions>();
  if (numbers.shape().size() != 1 || numbers.empty()) return false;
  Tensor result = strided_slice(numbers, {0}, {1}, {1});
  for (int64_t i = 1; i < numbers.size(); ++i) result = computed(function, result, strided_slice(numbers, {i}, {1}, {1}));
  reader.set_constant_output(options && options->keep_dims() ? result : result.reshaped({}));
  return true;
}

bool fold_concatenation(Reader& reader) {
  std::vector<Tensor> parts;
  for (size_t i = 0; i < reader.input_count(); ++i) {
    parts.push_back(reader.values(i, "input"));
    if (parts.back().shape().size() != 1 || parts.back().dtype() != parts.front().dtype()) return false;
  }
  if (parts.empty()) return false;
  reader.set_constant_output(concatenated(parts, 0));
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
  if (const std::optional<BinaryFunction> function = reduction_of(reader.op().code)) return fold_reduction(reader, *function);
  switch (reader.op().code) {
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
