// SPDX-License-Identifier: Apache-2.0
// Operators that move data or only rename it: RESHAPE, TRANSPOSE, PAD, CONCATENATION and the like; and SHAPE and PACK, which
// converters write to compute the shape of a RESHAPE and which are computed while reading.
#include <algorithm>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

// The new shape is an input, or an option in older files. It was made for the file's own batch: what it leaves open is inferred
// with that batch, and the batch is then whatever the rest leaves.
void read_reshape(Reader& reader) {
  const auto* options = reader.op().options<ReshapeOptions>();
  Shape shape;
  if (reader.has(1)) {
    shape = reader.integers(1, "shape");
  } else if (options && options->new_shape()) {
    shape.assign(options->new_shape()->begin(), options->new_shape()->end());
  } else {
    reader.fail("has no shape");
  }
  if (reader.rebatched() && !shape.empty()) {
    const int64_t all = element_count(reader.input_type(0).shape), own = all / reader.reading().batch * reader.file_batch();
    int64_t known = 1;
    for (size_t i = 0; i < shape.size(); ++i)
      if (shape[i] > 0 && known <= all) known *= shape[i];
    for (int64_t& size : shape)
      if (size == -1 && known > 0) size = own / known;
    const int64_t each = element_count(Shape(shape.begin() + 1, shape.end()));
    if (each > 0) shape[0] = all / each;
  }
  reader.set_output(reader.add(ops::Reshape{.input = reader.input(0), .shape = shape}));
}

int64_t dimension(Reader& reader, int64_t dim, int64_t rank) {
  if (dim < 0) dim += rank;
  if (dim < 0 || dim >= rank) reader.fail("goes by dimension {} of {}", dim, rank);
  return dim;
}

// Removes the named dimensions, or all of size 1 when none are named.
void read_squeeze(Reader& reader) {
  const auto* options = reader.op().options<SqueezeOptions>();
  const Shape input = reader.input_type(0).shape;
  std::vector<bool> goes(input.size());
  const bool named = options && options->squeeze_dims() && options->squeeze_dims()->size() > 0;
  if (named) {
    for (const int64_t dim : *options->squeeze_dims())
      goes[static_cast<size_t>(dimension(reader, dim, std::ssize(input)))] = true;
  } else {
    for (size_t i = 0; i < input.size(); ++i) goes[i] = reader.file_shape(0)[i] == 1;
  }
  Shape shape;
  for (size_t i = 0; i < input.size(); ++i) {
    if (!goes[i]) shape.push_back(input[i]);
    if (goes[i] && input[i] != 1) reader.fail("drops dimension {} of {}, which is not 1", i, to_string(input));
  }
  reader.set_output(reader.add(ops::Reshape{.input = reader.input(0), .shape = shape}));
}

void read_expand_dims(Reader& reader) {
  Shape shape = reader.input_type(0).shape;
  const std::vector<int64_t> axis = reader.integers(1, "dimension");
  if (axis.size() != 1) reader.fail("has {} dimensions", axis.size());
  shape.insert(shape.begin() + dimension(reader, axis[0], std::ssize(shape) + 1), 1);
  reader.set_output(reader.add(ops::Reshape{.input = reader.input(0), .shape = shape}));
}

void read_transpose(Reader& reader) {
  reader.set_output(
      reader.add(ops::Transpose{.input = reader.input(0), .permutation = reader.integers(1, "order of dimensions")}));
}

// The real number that an integer of the input's type stands for.
double real_of(Reader& reader, const Tensor& integer) {
  const Quantization type = *reader.input_type(0).quantization;
  const int64_t q = integer.dtype() == DType::i16  ? int64_t{integer.data<int16_t>()[0]}
                    : integer.dtype() == DType::i8 ? int64_t{integer.data<int8_t>()[0]}
                                                   : int64_t{integer.data<uint8_t>()[0]};
  return static_cast<double>(type.scales[0]) * static_cast<double>(q - type.zeros[0]);
}

// PAD fills with the integer that stands for 0.
void read_pad(Reader& reader) {
  ops::Pad pad{.input = reader.input(0), .padding = reader.integers(1, "padding")};
  if (reader.op().code == BuiltinOperator::PADV2 && reader.has(2)) {
    const Tensor value = reader.values(2, "value");
    if (value.dtype() != reader.input_type(0).dtype || value.size() != 1)
      reader.fail("pads by {} values of {}", value.size(), name(value.dtype()));
    pad.value = reader.quantized() ? real_of(reader, value) : static_cast<double>(value.data<float>()[0]);
  }
  reader.set_output(reader.add(pad));
}

// Inputs with another scale than the result's are converted to it first.
void read_concatenation(Reader& reader) {
  const auto& options = reader.options<ConcatenationOptions>();
  const bool quantized = reader.quantized();
  std::vector<Ref> parts;
  for (size_t i = 0; i < reader.input_count(); ++i) {
    Ref part = reader.input(i);
    if (quantized && reader.type(part).quantization != reader.output_type().quantization)
      part = reader.add(ops::Quantize{.input = part, .output = reader.output_type()});
    parts.push_back(part);
  }
  const int64_t dim = dimension(reader, options.axis(), std::ssize(reader.type(parts[0]).shape));
  if (dim == 0 && reader.rebatched() && parts.size() > 1) reader.fail("joins along the batch; it is read with the file's own");
  const Ref result = parts.size() == 1 ? parts[0] : reader.add(ops::Concat{.inputs = parts, .dim = dim});
  const ActivationFunctionType activation = options.fused_activation_function();
  if (!quantized || activation == ActivationFunctionType::NONE) return reader.set_output(reader.activated(result, activation));
  reader.set_output(reader.add(ops::QuantizedActivation{
      .input = result, .function = reader.activation_name(activation), .output = reader.output_type()}));
}

void read_shape_of(Reader& reader) {
  const Shape shape = reader.is_constant(0) ? reader.values(0, "input").shape() : reader.input_type(0).shape;
  const auto* options = reader.op().options<ShapeOptions>();
  const bool wide = options && options->out_type() == schema::TensorType::INT64;
  Tensor result({std::ssize(shape)}, wide ? DType::i64 : DType::i32);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (wide)
      result.data<int64_t>()[i] = shape[i];
    else
      result.data<int32_t>()[i] = static_cast<int32_t>(shape[i]);
  }
  reader.set_constant_output(std::move(result));
}

void read_rank(Reader& reader) {
  const Shape shape = reader.is_constant(0) ? reader.values(0, "input").shape() : reader.input_type(0).shape;
  reader.set_constant_output(Tensor::of<int32_t>({}, {static_cast<int32_t>(shape.size())}));
}

void read_broadcast_to(Reader& reader) {
  Shape shape = reader.integers(1, "shape");
  const Shape input = reader.input_type(0).shape;
  if (shape.size() == input.size() && !shape.empty() && shape[0] == reader.file_shape(0)[0]) shape[0] = input[0];
  reader.set_output(reader.add(ops::Broadcast{.input = reader.input(0), .shape = shape}));
}

// Packs numbers into a list, or tensors along a new dimension.
void read_pack(Reader& reader) {
  const auto& options = reader.options<PackOptions>();
  bool numbers = true;
  const auto type_of = [&](size_t i) { return reader.values(i, "number").dtype(); };
  for (size_t i = 0; i < reader.input_count(); ++i)
    numbers =
        numbers && reader.is_constant(i) && type_of(i) == type_of(0) && (type_of(i) == DType::i32 || type_of(i) == DType::i64);
  if (numbers) {
    Tensor result({static_cast<int64_t>(reader.input_count())}, type_of(0));
    for (size_t i = 0; i < reader.input_count(); ++i) {
      const std::vector<int64_t> number = reader.integers(i, "number");
      if (number.size() != 1) reader.fail("packs {} constants at once", number.size());
      if (result.dtype() == DType::i64)
        result.data<int64_t>()[i] = number[0];
      else
        result.data<int32_t>()[i] = static_cast<int32_t>(number[0]);
    }
    return reader.set_constant_output(std::move(result));
  }
  std::vector<Ref> parts;
  const int64_t dim = dimension(reader, options.axis(), std::ssize(reader.input_type(0).shape) + 1);
  for (size_t i = 0; i < reader.input_count(); ++i) {
    Shape shape = reader.input_type(i).shape;
    shape.insert(shape.begin() + std::min<int64_t>(dim, std::ssize(shape)), 1);
    parts.push_back(reader.add(ops::Reshape{.input = reader.input(i), .shape = shape}));
  }
  reader.set_output(parts.size() == 1 ? parts[0] : reader.add(ops::Concat{.inputs = parts, .dim = dim}));
}

constexpr OperatorReading readings[] = {
    {BuiltinOperator::RESHAPE, read_reshape},
    {BuiltinOperator::SQUEEZE, read_squeeze},
    {BuiltinOperator::EXPAND_DIMS, read_expand_dims},
    {BuiltinOperator::TRANSPOSE, read_transpose},
    {BuiltinOperator::PAD, read_pad},
    {BuiltinOperator::PADV2, read_pad},
    {BuiltinOperator::CONCATENATION, read_concatenation},
    {BuiltinOperator::SHAPE, read_shape_of},
    {BuiltinOperator::PACK, read_pack},
    {BuiltinOperator::BROADCAST_TO, read_broadcast_to},
    {BuiltinOperator::RANK, read_rank},
};

}  // namespace

std::span<const OperatorReading> shape_readings() { return readings; }

}  // namespace fovea::tflite
