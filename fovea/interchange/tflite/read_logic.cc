// SPDX-License-Identifier: Apache-2.0
// Comparisons, logic and selection. Booleans are 0 or 1 in i8, and so are a file's results of type BOOL.
#include <algorithm>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

Ref byte_constant(Reader& reader, int8_t value) { return reader.add(ops::Constant{.value = Tensor::of<int8_t>({}, {value})}); }

Ref zero_like(Reader& reader, DType dtype) {
  switch (dtype) {
    case DType::i8:
      return byte_constant(reader, 0);
    case DType::i32:
      return reader.add(ops::Constant{.value = Tensor::of<int32_t>({}, {0})});
    case DType::i64:
      return reader.add(ops::Constant{.value = Tensor::of<int64_t>({}, {0})});
    case DType::f32:
      return reader.scalar(0);
    default:
      reader.fail("works on {}, which is not read", name(dtype));
  }
}

Ref truth_of(Reader& reader, Ref left, Ref right, const std::string& comparison) {
  return reader.add(ops::Select{.lhs = left,
                                .rhs = right,
                                .on_true = byte_constant(reader, 1),
                                .on_false = byte_constant(reader, 0),
                                .comparison = comparison});
}

// Integers of one scale compare like the numbers that they stand for.
template <const char* comparison>
void read_comparison(Reader& reader) {
  const TensorType left = reader.input_type(0), right = reader.input_type(1);
  if (left.dtype != right.dtype || left.quantization != right.quantization)
    reader.fail("compares {} with {}; operands of one type are read", to_string(left), to_string(right));
  reader.set_output(truth_of(reader, reader.real(0), reader.real(1), comparison));
}

// On 0 and 1, the minimum is "and" and the maximum is "or".
void check_truth(Reader& reader, size_t input) {
  const TensorType type = reader.input_type(input);
  if (type.dtype != DType::i8 || type.quantization) reader.fail("works on {}, not on truth", to_string(type));
}
template <typename Op>
void read_both(Reader& reader) {
  check_truth(reader, 0);
  check_truth(reader, 1);
  reader.set_output(reader.add(Op{reader.input(0), reader.input(1)}));
}
void read_not(Reader& reader) {
  check_truth(reader, 0);
  reader.set_output(truth_of(reader, reader.input(0), byte_constant(reader, 0), "eq"));
}

// The condition of SELECT has the shape of its other operands, or selects whole rows; SELECT_V2 broadcasts all three.
void read_select(Reader& reader) {
  check_truth(reader, 0);
  const TensorType yes = reader.input_type(1), no = reader.input_type(2);
  if (yes.dtype != no.dtype || yes.quantization != no.quantization)
    reader.fail("chooses between {} and {}; operands of one type are read", to_string(yes), to_string(no));
  Ref condition = reader.input(0);
  Shape shape = reader.type(condition).shape;
  if (reader.op().code == BuiltinOperator::SELECT && shape.size() == 1 && yes.shape.size() > 1) {
    shape.resize(yes.shape.size(), 1);
    condition = reader.add(ops::Reshape{.input = condition, .shape = shape});
  }
  const Ref chosen = reader.add(ops::Select{.lhs = condition,
                                            .rhs = byte_constant(reader, 0),
                                            .on_true = reader.real(1),
                                            .on_false = reader.real(2),
                                            .comparison = "ne"});
  reader.set_output(reader.like_output(chosen));
}

// A conversion of the values, rounding towards zero for integers.
void read_cast(Reader& reader) {
  const TensorType type = reader.input_type(0);
  Ref value = reader.input(0);
  if (type.quantization) {
    if (type.quantization->per_channel() || type.quantization->scales[0] != 1 || type.quantization->zeros[0] != 0)
      reader.fail("casts {}, which stands for other numbers; integers that stand for themselves are read", to_string(type));
    value = reader.real(0);
  }
  const DType from = reader.type(value).dtype;
  const schema::TensorType wanted = reader.file_output_type();
  const std::optional<DType> to = dtype_of(wanted);
  if (wanted == schema::TensorType::BOOL) return reader.set_output(truth_of(reader, value, zero_like(reader, from), "ne"));
  if (wanted == schema::TensorType::UINT8) {
    if (from == DType::f32) value = reader.add(ops::Cast{.input = value, .dtype = DType::i32});
    if (reader.type(value).dtype != DType::f32) value = reader.add(ops::Cast{.input = value, .dtype = DType::f32});
    return reader.set_output(reader.like_output(value));
  }
  if (to != DType::f32 && to != DType::i8 && to != DType::i16 && to != DType::i32 && to != DType::i64)
    reader.fail("casts {} to {}, which is not read", name(from), schema::EnumNameTensorType(wanted));
  reader.set_output(from == *to ? value : reader.add(ops::Cast{.input = value, .dtype = *to}));
}

// Whether any or all elements are true along dimensions.
template <typename Reduction>
void read_truth_reduction(Reader& reader) {
  check_truth(reader, 0);
  const auto* options = reader.op().options<ReducerOptions>();
  std::vector<int64_t> dims = reader.integers(1, "dimensions");
  const auto rank = std::ssize(reader.input_type(0).shape);
  for (int64_t& dim : dims) {
    if (dim < 0) dim += rank;
    if (dim < 0 || dim >= rank || (dim == 0 && reader.rebatched())) reader.fail("reduces dimension {}", dim);
  }
  const Ref numbers = reader.add(ops::Cast{.input = reader.input(0), .dtype = DType::f32});
  const Ref reduced = reader.add(Reduction{.input = numbers, .dims = dims, .keep_dims = options && options->keep_dims()});
  reader.set_output(reader.add(ops::Cast{.input = reduced, .dtype = DType::i8}));
}

constexpr char less[] = "lt", less_equal[] = "le", greater[] = "gt", greater_equal[] = "ge", equal[] = "eq", unequal[] = "ne";
constexpr OperatorReading readings[] = {
    {BuiltinOperator::LESS, read_comparison<less>},
    {BuiltinOperator::LESS_EQUAL, read_comparison<less_equal>},
    {BuiltinOperator::GREATER, read_comparison<greater>},
    {BuiltinOperator::GREATER_EQUAL, read_comparison<greater_equal>},
    {BuiltinOperator::EQUAL, read_comparison<equal>},
    {BuiltinOperator::NOT_EQUAL, read_comparison<unequal>},
    {BuiltinOperator::LOGICAL_AND, read_both<ops::Minimum>},
    {BuiltinOperator::LOGICAL_OR, read_both<ops::Maximum>},
    {BuiltinOperator::LOGICAL_NOT, read_not},
    {BuiltinOperator::SELECT, read_select},
    {BuiltinOperator::SELECT_V2, read_select},
    {BuiltinOperator::CAST, read_cast},
    {BuiltinOperator::REDUCE_ANY, read_truth_reduction<ops::ReduceMax>},
    {BuiltinOperator::REDUCE_ALL, read_truth_reduction<ops::ReduceMin>},
};

}  // namespace

std::span<const OperatorReading> logic_readings() { return readings; }

}  // namespace fovea::tflite
