// SPDX-License-Identifier: Apache-2.0
// Operators that fill, number, accumulate and reverse: ZEROS_LIKE, FILL, ONE_HOT, CUMSUM, REVERSE_V2, ARG_MIN; and division
// with whole quotients.
#include <algorithm>
#include <cmath>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

constexpr int64_t most_elements = int64_t{1} << 28;

int64_t axis_of(Reader& reader, size_t input, int64_t rank) {
  const std::vector<int64_t> axis = reader.integers(input, "dimension");
  const int64_t dim = axis.size() == 1 && axis[0] < 0 ? axis[0] + rank : axis.empty() ? rank : axis[0];
  if (axis.size() != 1 || dim < 0 || dim >= rank) reader.fail("goes by dimension {} of {}", to_string(axis), rank);
  return dim;
}

std::vector<int64_t> to_the_end(int64_t rank, int64_t dim) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < rank; ++i)
    if (i != dim) order.push_back(i);
  order.push_back(dim);
  return order;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& order) {
  std::vector<int64_t> result(order.size());
  for (size_t i = 0; i < order.size(); ++i) result[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return result;
}

// The index of the minimum along one dimension, the first of equal ones: the argmax of the negatives.
void read_arg_min(Reader& reader) {
  const auto& options = reader.options<ArgMinOptions>();
  const auto rank = std::ssize(reader.input_type(0).shape);
  const int64_t dim = axis_of(reader, 1, rank);
  Ref x = reader.add(ops::Neg{reader.real(0)});
  if (dim != rank - 1) x = reader.add(ops::Transpose{.input = x, .permutation = to_the_end(rank, dim)});
  Ref place = reader.add(ops::Argmax{x});
  if (options.output_type() == schema::TensorType::INT64) place = reader.add(ops::Cast{.input = place, .dtype = DType::i64});
  reader.set_output(place);
}

// A cumulative sum, as a product with a matrix of zeros and ones.
void read_cumsum(Reader& reader) {
  const auto& options = reader.options<CumsumOptions>();
  const TensorType type = reader.input_type(0);
  const auto rank = std::ssize(type.shape);
  if (type.dtype != DType::f32 || rank < 1) reader.fail("sums {}; f32 is read", to_string(type));
  const int64_t dim = axis_of(reader, 1, rank), size = type.shape[static_cast<size_t>(dim)];
  if (size < 1 || size > 4096) reader.fail("sums along {} numbers; 4096 are read", size);
  Tensor ones({size, size}, DType::f32);
  for (int64_t from = 0; from < size; ++from)
    for (int64_t to = 0; to < size; ++to) {
      const bool before = options.reverse() ? from > to : from < to;
      ones.data<float>()[from * size + to] = before || (from == to && !options.exclusive()) ? 1.0F : 0.0F;
    }
  Ref x = reader.input(0);
  const std::vector<int64_t> order = to_the_end(rank, dim);
  if (dim != rank - 1) x = reader.add(ops::Transpose{.input = x, .permutation = order});
  const Shape moved = reader.type(x).shape;
  x = reader.add(ops::Reshape{.input = x, .shape = {element_count(moved) / size, size}});
  x = reader.add(ops::Dense{x, reader.parameter(reader.input_name(0) + ".ones", ones)});
  x = reader.add(ops::Reshape{.input = x, .shape = moved});
  if (dim != rank - 1) x = reader.add(ops::Transpose{.input = x, .permutation = inverse(order)});
  reader.set_output(x);
}

// Reverses a dimension, cell by cell.
void read_reverse(Reader& reader) {
  const Shape shape = reader.input_type(0).shape;
  Ref result = reader.input(0);
  const std::vector<int64_t> dims = reader.integers(1, "dimensions");
  if (dims.size() > shape.size()) reader.fail("reverses {} dimensions of {}", dims.size(), to_string(shape));
  for (int64_t dim : dims) {
    if (dim < 0) dim += std::ssize(shape);
    if (dim < 0 || dim >= std::ssize(shape) || (dim == 0 && reader.rebatched()))
      reader.fail("reverses dimension {} of {}", dim, to_string(shape));
    result = reader.reversed(result, dim);
  }
  reader.set_output(result);
}

void read_zeros_like(Reader& reader) {
  const TensorType type = reader.input_type(0);
  if (type.dtype != DType::f32) reader.fail("gives {}; f32 is read", to_string(type));
  reader.set_output(reader.add(ops::Broadcast{.input = reader.scalar(0), .shape = type.shape}));
}

// A tensor of one value with a constant shape, whose batch may be replaced.
void read_fill(Reader& reader) {
  Shape shape = reader.integers(0, "shape");
  double count = 1;
  for (const int64_t size : shape) count *= static_cast<double>(size);
  if (std::ranges::any_of(shape, [](int64_t size) { return size < 1; }) || count > static_cast<double>(most_elements))
    reader.fail("fills {}", to_string(shape));
  const TensorType value = reader.input_type(1);
  if (element_count(value.shape) != 1) reader.fail("fills with {}; one number is read", to_string(value));
  const Ref number = value.shape.empty() ? reader.input(1) : reader.add(ops::Reshape{.input = reader.input(1), .shape = {}});
  reader.set_output(reader.add(ops::Broadcast{.input = number, .shape = shape}));
}

// `on` where the number equals the position, otherwise `off`.
void read_one_hot(Reader& reader) {
  const auto& options = reader.options<OneHotOptions>();
  const TensorType numbers = reader.input_type(0);
  const std::vector<int64_t> depth = reader.integers(1, "depth");
  if (numbers.dtype != DType::i32 || depth.size() != 1 || depth[0] < 1 || depth[0] > 1 << 20 ||
      element_count(numbers.shape) * depth[0] > most_elements)
    reader.fail("takes {} as positions of {}", to_string(numbers), to_string(depth));
  const auto rank = std::ssize(numbers.shape) + 1;
  const int64_t axis = options.axis() < 0 ? options.axis() + rank : options.axis();
  if (axis < 0 || axis >= rank) reader.fail("goes by dimension {} of {}", options.axis(), rank);
  Shape apart = numbers.shape, along(static_cast<size_t>(rank), 1);
  apart.insert(apart.begin() + axis, 1);
  along[static_cast<size_t>(axis)] = depth[0];
  Tensor positions(along, DType::i32);
  for (int64_t i = 0; i < depth[0]; ++i) positions.data<int32_t>()[i] = static_cast<int32_t>(i);
  const Ref column = reader.add(ops::Reshape{.input = reader.input(0), .shape = apart});
  const Ref row = reader.parameter(reader.input_name(0) + ".positions", positions);
  reader.set_output(reader.add(
      ops::Select{.lhs = column, .rhs = row, .on_true = reader.input(2), .on_false = reader.input(3), .comparison = "eq"}));
}

template <typename Op>
void read_function(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  reader.set_output(reader.add(Op{reader.input(0)}));
}

// x - floor(x / y) * y, or the quotient alone.
void read_floor_division(Reader& reader) {
  const TensorType type = reader.input_type(0);
  if (type.dtype != DType::f32) reader.fail("divides {}; f32 is read", to_string(type));
  const Ref whole = reader.add(ops::Floor{reader.add(ops::Div{reader.input(0), reader.input(1)})});
  if (reader.op().code == BuiltinOperator::FLOOR_DIV) return reader.set_output(whole);
  reader.set_output(reader.add(ops::Sub{reader.input(0), reader.add(ops::Mul{whole, reader.input(1)})}));
}

void read_sign(Reader& reader) {
  if (reader.input_type(0).dtype != DType::f32) reader.fail("is read of f32");
  const Ref x = reader.input(0), zero = reader.scalar(0);
  const Ref below =
      reader.add(ops::Select{.lhs = x, .rhs = zero, .on_true = reader.scalar(-1), .on_false = zero, .comparison = "lt"});
  reader.set_output(
      reader.add(ops::Select{.lhs = x, .rhs = zero, .on_true = reader.scalar(1), .on_false = below, .comparison = "gt"}));
}

// Rounds to one of 2^bits steps between two numbers, which are moved so that 0 is a step (Jacob et al. 2018, section 3).
void read_fake_quantize(Reader& reader) {
  const auto& options = reader.options<FakeQuantOptions>();
  if (reader.input_type(0).dtype != DType::f32 || options.num_bits() < 2 || options.num_bits() > 16 ||
      !(options.max() > options.min()) || !std::isfinite(options.max() - options.min()))
    reader.fail("rounds {} to {} bits from {} to {}", to_string(reader.input_type(0)), options.num_bits(), options.min(),
                options.max());
  const float least = options.narrow_range() ? 1.0F : 0.0F, most = std::ldexp(1.0F, options.num_bits()) - 1;
  const float scale = (options.max() - options.min()) / (most - least), wanted = least - options.min() / scale;
  const float zero = std::clamp(std::round(wanted), least, most);
  const Ref steps = reader.add(ops::Clamp{.input = reader.input(0),
                                          .low = static_cast<double>((least - zero) * scale),
                                          .high = static_cast<double>((most - zero) * scale)});
  const Ref whole = reader.add(ops::Round{reader.add(ops::Mul{steps, reader.scalar(1.0 / static_cast<double>(scale))})});
  reader.set_output(reader.add(ops::Mul{whole, reader.scalar(static_cast<double>(scale))}));
}

constexpr OperatorReading readings[] = {
    {BuiltinOperator::ARG_MIN, read_arg_min},
    {BuiltinOperator::CUMSUM, read_cumsum},
    {BuiltinOperator::REVERSE_V2, read_reverse},
    {BuiltinOperator::ZEROS_LIKE, read_zeros_like},
    {BuiltinOperator::FILL, read_fill},
    {BuiltinOperator::ONE_HOT, read_one_hot},
    {BuiltinOperator::FLOOR, read_function<ops::Floor>},
    {BuiltinOperator::CEIL, read_function<ops::Ceil>},
    {BuiltinOperator::ROUND, read_function<ops::Round>},
    {BuiltinOperator::SIN, read_function<ops::Sin>},
    {BuiltinOperator::COS, read_function<ops::Cos>},
    {BuiltinOperator::FLOOR_DIV, read_floor_division},
    {BuiltinOperator::FLOOR_MOD, read_floor_division},
    {BuiltinOperator::SIGN, read_sign},
    {BuiltinOperator::FAKE_QUANT, read_fake_quantize},
};

}  // namespace

std::span<const OperatorReading> order_readings() { return readings; }

}  // namespace fovea::tflite
