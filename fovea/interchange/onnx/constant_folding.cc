// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/constant_folding.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "fovea/core/tensor_arithmetic.h"
#include "fovea/interchange/onnx/shape_arguments.h"

namespace fovea {
namespace {

// Counts a tensor whose size the file asks for, before it is made.
void allow(Importer& importer, const OnnxNode& node, const Shape& shape, DType dtype) {
  if (std::ranges::any_of(shape, [](int64_t extent) { return extent < 0; }))
    importer.complain(node, "a tensor of shape {}", to_string(shape));
  importer.spend(node, static_cast<uint64_t>(element_count(shape)) * byte_size(dtype));
}

// Such a tensor of zeros.
Tensor granted(Importer& importer, const OnnxNode& node, const Shape& shape, DType dtype) {
  allow(importer, node, shape, dtype);
  return {shape, dtype};
}

void fold_shape(Importer& importer, const OnnxNode& node) {
  const Shape shape = importer.quantized_input(node, 0).shape();
  const auto rank = static_cast<int64_t>(shape.size());
  const auto clipped = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t start = clipped(importer.integer(node, "start", 0)), end = clipped(importer.integer(node, "end", rank));
  const Shape taken = start < end ? Shape(shape.begin() + start, shape.begin() + end) : Shape{};
  importer.set_constant(node, 0, integer_tensor({std::ssize(taken)}, taken));
}

void fold_size(Importer& importer, const OnnxNode& node) {
  importer.set_constant(node, 0, Tensor::of<int64_t>({}, {element_count(importer.quantized_input(node, 0).shape())}));
}

// A matrix of its input's shape with ones on a diagonal.
void fold_eye_like(Importer& importer, const OnnxNode& node) {
  const ImportedValue& x = importer.quantized_input(node, 0);
  const Shape shape = x.shape();
  if (shape.size() != 2) importer.complain(node, "of an input {}; a matrix is needed", to_string(shape));
  const bool told = importer.attribute(node, "dtype") != nullptr;
  const int64_t type = told ? importer.integer(node, "dtype", 1) : importer.element_type(node, 0),
                k = importer.integer(node, "k", 0);
  const DType dtype = type == 6 ? DType::i32 : type == 7 ? DType::i64 : DType::f32;
  if (dtype == DType::f32 && type != 1 && type != 10 && type != 11 && type != 16)
    importer.complain(node, "of ONNX type {}; fovea has floating point, int32 and int64", type);
  Tensor result = granted(importer, node, shape, dtype);
  for (int64_t row = std::max<int64_t>(0, -k); row < shape[0] && row + k < shape[1]; ++row) {
    const int64_t at = row * shape[1] + row + k;
    if (dtype == DType::f32) result.data<float>()[at] = 1;
    if (dtype == DType::i32) result.data<int32_t>()[at] = 1;
    if (dtype == DType::i64) result.data<int64_t>()[at] = 1;
  }
  importer.set_constant(node, 0, std::move(result));
}

void fold_constant_node(Importer& importer, const OnnxNode& node) {
  if (node.attributes.size() != 1) importer.complain(node, "must have one value");
  const std::string& name = node.attributes.begin()->first;
  const OnnxAttribute& value = *importer.attribute(node, name);
  if (const auto* tensor = std::get_if<Tensor>(&value)) return importer.set_constant(node, 0, *tensor);
  if (const auto* integer = std::get_if<int64_t>(&value))
    return importer.set_constant(node, 0, Tensor::of<int64_t>({}, {*integer}));
  if (const auto* number = std::get_if<float>(&value)) return importer.set_constant(node, 0, Tensor::of<float>({}, {*number}));
  if (const auto* integers = std::get_if<std::vector<int64_t>>(&value))
    return importer.set_constant(node, 0, integer_tensor({std::ssize(*integers)}, *integers));
  const auto* numbers = std::get_if<std::vector<float>>(&value);
  if (numbers == nullptr) importer.complain(node, "its value {} is no tensor or number", name);
  Tensor tensor({static_cast<int64_t>(numbers->size())}, DType::f32);
  std::ranges::copy(*numbers, tensor.data<float>());
  importer.set_constant(node, 0, std::move(tensor));
}

// The tensor broadcast to a shape.
Tensor expanded(Importer& importer, const OnnxNode& node, const Tensor& tensor, const Shape& shape) {
  if (tensor.shape() != shape) allow(importer, node, shape, tensor.dtype());
  return broadcast_to(tensor, shape);
}

void require_arithmetic(Importer& importer, const OnnxNode& node, DType dtype) {
  if (dtype != DType::f32 && dtype != DType::i64 && dtype != DType::i32)
    importer.complain(node, "arithmetic of {} constants; fovea reads that of f32, i64 and i32", name(dtype));
}

// Both operands, of which the second is of the first one's type, with memory allowed for their result.
std::pair<Tensor, Tensor> operands_of(Importer& importer, const OnnxNode& node, std::optional<DType> result = {}) {
  const Tensor &a = importer.constant(node, 0), &b = importer.constant(node, 1);
  if (a.dtype() != b.dtype()) importer.complain(node, "{} with {}", name(a.dtype()), name(b.dtype()));
  const Shape shape = importer.broadcast(node, a.shape(), b.shape());
  require_arithmetic(importer, node, a.dtype());
  allow(importer, node, shape, result.value_or(a.dtype()));
  return {a, b};
}

template <typename T>
T* elements(Tensor& tensor) {
  return reinterpret_cast<T*>(tensor.raw());
}
template <typename T>
const T* elements(const Tensor& tensor) {
  return reinterpret_cast<const T*>(tensor.raw());
}

// Logic on booleans, and Equal on them.
void fold_logic(Importer& importer, const OnnxNode& node) {
  const Shape shape = importer.broadcast(node, importer.constant(node, 0).shape(), importer.constant(node, 1).shape());
  const Tensor a = expanded(importer, node, importer.constant(node, 0), shape),
               b = expanded(importer, node, importer.constant(node, 1), shape);
  if (a.dtype() != DType::boolean || b.dtype() != DType::boolean)
    importer.complain(node, "{} with {}", name(a.dtype()), name(b.dtype()));
  Tensor result = granted(importer, node, shape, DType::boolean);
  for (int64_t i = 0; i < result.size(); ++i) {
    const bool x = elements<uint8_t>(a)[i] != 0, y = elements<uint8_t>(b)[i] != 0;
    const bool z = node.type == "And" ? x && y : node.type == "Or" ? x || y : node.type == "Xor" ? x != y : x == y;
    elements<uint8_t>(result)[i] = z ? 1 : 0;
  }
  importer.set_constant(node, 0, std::move(result));
}

template <BinaryFunction function>
void fold_binary(Importer& importer, const OnnxNode& node) {
  const auto [a, b] = operands_of(importer, node);
  importer.set_constant(node, 0, computed(function, a, b));
}

void fold_modulo(Importer& importer, const OnnxNode& node) {
  const bool fmod = importer.integer(node, "fmod", 0) != 0;
  const auto [a, b] = operands_of(importer, node);
  if (!fmod && a.dtype() == DType::f32) importer.complain(node, "of floating point without fmod");
  importer.set_constant(node, 0, computed(fmod ? BinaryFunction::remainder : BinaryFunction::floored_modulo, a, b));
}

template <Comparison comparison>
void fold_comparison(Importer& importer, const OnnxNode& node) {
  if (importer.constant(node, 0).dtype() == DType::boolean && comparison == Comparison::equal)
    return fold_logic(importer, node);
  const auto [a, b] = operands_of(importer, node, DType::boolean);
  importer.set_constant(node, 0, compared(comparison, a, b));
}

template <UnaryFunction function>
void fold_unary(Importer& importer, const OnnxNode& node) {
  const Tensor& x = importer.constant(node, 0);
  require_arithmetic(importer, node, x.dtype());
  if (x.dtype() != DType::f32 && function != UnaryFunction::negate) importer.complain(node, "of integers");
  allow(importer, node, x.shape(), x.dtype());
  importer.set_constant(node, 0, computed(function, x));
}

// The element as a double, which is exact for all numbers that a shape can have.
double number_at(const Tensor& tensor, int64_t index) {
  switch (tensor.dtype()) {
    case DType::f32:
      return elements<float>(tensor)[index];
    case DType::i64:
      return static_cast<double>(elements<int64_t>(tensor)[index]);
    case DType::i32:
      return elements<int32_t>(tensor)[index];
    case DType::i8:
      return elements<int8_t>(tensor)[index];
    case DType::i16:
      return elements<int16_t>(tensor)[index];
    default:
      return elements<uint8_t>(tensor)[index];
  }
}

// The nearest number with this many bits of fraction, halves to even, and with steps of at least 2^least.
float shortened(float x, int bits, int least, double most) {
  if (!std::isfinite(x) || x == 0) return x;
  int exponent = 0;
  std::frexp(x, &exponent);
  const double step = std::ldexp(1.0, std::max(exponent - 1 - bits, least));
  const double rounded = std::nearbyint(static_cast<double>(x) / step) * step;
  return std::abs(rounded) > most ? std::copysign(std::numeric_limits<float>::infinity(), x) : static_cast<float>(rounded);
}

void fold_cast(Importer& importer, const OnnxNode& node) {
  // Numbers are kept as f32 whatever the file's type is; those of a narrower type are rounded as that type would.
  const int64_t type = importer.integer(node, "to", 1);
  const std::map<int64_t, DType> types{{1, DType::f32}, {10, DType::f32}, {11, DType::f32},   {16, DType::f32},
                                       {7, DType::i64}, {6, DType::i32},  {9, DType::boolean}};
  const auto to = types.find(type);
  if (to == types.end())
    importer.complain(node, "a cast to ONNX type {}; fovea casts constants to floating point, int64, int32 and bool", type);
  const Tensor& x = importer.constant(node, 0);
  constexpr int64_t f16 = 10, bf16 = 16;
  if (x.dtype() == to->second && type != f16 && type != bf16) return importer.set_constant(node, 0, x);
  Tensor result = granted(importer, node, x.shape(), to->second);
  const auto whole = [](double number, double least, double most) {
    return std::isnan(number) ? 0 : std::clamp(number, least, most);
  };
  for (int64_t i = 0; i < x.size(); ++i) {
    const double number = number_at(x, i);
    if (type == f16)
      elements<float>(result)[i] = shortened(static_cast<float>(number), 10, -24, 65504);
    else if (type == bf16)
      elements<float>(result)[i] = shortened(static_cast<float>(number), 7, -133, std::numeric_limits<float>::max());
    else if (to->second == DType::f32)
      elements<float>(result)[i] = static_cast<float>(number);
    else if (to->second == DType::i64)
      elements<int64_t>(result)[i] =
          x.dtype() == DType::i64 ? elements<int64_t>(x)[i] : static_cast<int64_t>(whole(number, -0x1p62, 0x1p62));
    else if (to->second == DType::i32)
      elements<int32_t>(result)[i] = static_cast<int32_t>(whole(number, -0x1p31, 0x1p31 - 1));
    else
      elements<uint8_t>(result)[i] = number != 0 ? 1 : 0;
  }
  importer.set_constant(node, 0, std::move(result));
}

void fold_gather(Importer& importer, const OnnxNode& node) {
  const Tensor& x = importer.constant(node, 0);
  const auto rank = static_cast<int64_t>(x.shape().size());
  const auto axis = static_cast<size_t>(importer.dimension(node, importer.integer(node, "axis", 0), rank));
  const std::vector<int64_t> indices = importer.integers(node, 1);
  const Shape& index_shape = importer.constant(node, 1).shape();
  const int64_t extent = x.shape()[axis];
  Shape shape = x.shape();
  shape.erase(shape.begin() + static_cast<int64_t>(axis));
  shape.insert(shape.begin() + static_cast<int64_t>(axis), index_shape.begin(), index_shape.end());
  allow(importer, node, shape, x.dtype());
  for (const int64_t index : indices) {
    if (index < -extent || index >= extent) importer.complain(node, "index {} of {}", index, extent);
  }
  importer.set_constant(node, 0, gathered(x, indices, index_shape, axis));
}

void fold_concat(Importer& importer, const OnnxNode& node) {
  const Tensor& first = importer.constant(node, 0);
  Shape shape = first.shape();
  const auto axis =
      static_cast<size_t>(importer.dimension(node, importer.integer(node, "axis", 0), static_cast<int64_t>(shape.size())));
  shape[axis] = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor& part = importer.constant(node, i);
    Shape rest = part.shape();
    if (rest.size() != shape.size() || part.dtype() != first.dtype()) importer.complain(node, "parts that do not fit together");
    const int64_t extent = std::exchange(rest[axis], 0);
    Shape wanted = shape;
    wanted[axis] = 0;
    if (rest != wanted) importer.complain(node, "parts that do not fit together");
    shape[axis] += extent;
  }
  allow(importer, node, shape, first.dtype());
  std::vector<Tensor> parts;
  for (size_t i = 0; i < node.inputs.size(); ++i) parts.push_back(importer.constant(node, i));
  importer.set_constant(node, 0, concatenated(parts, axis));
}

void fold_slice(Importer& importer, const OnnxNode& node) {
  const Tensor& x = importer.constant(node, 0);
  const Box box = box_of(importer, node, x.shape());
  allow(importer, node, box.sizes, x.dtype());
  importer.set_constant(node, 0, strided_slice(x, box.offsets, box.sizes, box.strides));
}

void fold_constant_of_shape(Importer& importer, const OnnxNode& node) {
  const OnnxAttribute* found = importer.attribute(node, "value");
  const auto* value = found == nullptr ? nullptr : std::get_if<Tensor>(found);
  const Shape shape = importer.integers(node, 0);
  if (value != nullptr && value->size() != 1)
    importer.complain(node, "its value is {}; one number is needed", to_string(value->shape()));
  Tensor result = granted(importer, node, shape, value != nullptr ? value->dtype() : DType::f32);
  if (value != nullptr) result = expanded(importer, node, value->reshaped(Shape(shape.size(), 1)), shape);
  importer.set_constant(node, 0, std::move(result));
}

void fold_expand(Importer& importer, const OnnxNode& node) {
  const Tensor& x = importer.constant(node, 0);
  importer.set_constant(node, 0, expanded(importer, node, x, expanded_shape(importer, node, x.shape())));
}

void fold_where(Importer& importer, const OnnxNode& node) {
  const Tensor &condition = importer.constant(node, 0), &yes = importer.constant(node, 1), &no = importer.constant(node, 2);
  if (condition.dtype() != DType::boolean || yes.dtype() != no.dtype())
    importer.complain(node, "a choice between {} and {}", name(yes.dtype()), name(no.dtype()));
  const Shape shape = importer.broadcast(node, importer.broadcast(node, condition.shape(), yes.shape()), no.shape());
  const Tensor which = expanded(importer, node, condition, shape), a = expanded(importer, node, yes, shape),
               b = expanded(importer, node, no, shape);
  Tensor result = granted(importer, node, shape, yes.dtype());
  const size_t element = byte_size(yes.dtype());
  for (int64_t i = 0; i < result.size(); ++i) {
    const Tensor& from = elements<uint8_t>(which)[i] != 0 ? a : b;
    std::memcpy(result.raw() + static_cast<size_t>(i) * element, from.raw() + static_cast<size_t>(i) * element, element);
  }
  importer.set_constant(node, 0, std::move(result));
}

void fold_range(Importer& importer, const OnnxNode& node) {
  double bounds[3];
  const DType dtype = importer.constant(node, 0).dtype();
  for (size_t i = 0; i < 3; ++i) {
    const Tensor& bound = importer.constant(node, i);
    if (bound.size() != 1 || bound.dtype() != dtype)
      importer.complain(node, "must have a start, a limit and a step of one type");
    bounds[i] = number_at(bound, 0);
  }
  require_arithmetic(importer, node, dtype);
  const double steps = (bounds[1] - bounds[0]) / bounds[2];
  if (bounds[2] == 0 || !(steps <= 1 << 24)) importer.complain(node, "{} numbers", steps);
  Tensor result = granted(importer, node, {static_cast<int64_t>(std::ceil(std::max(steps, 0.0)))}, dtype);
  for (int64_t i = 0; i < result.size(); ++i) {
    const double number = bounds[0] + static_cast<double>(i) * bounds[2];
    if (dtype == DType::f32) result.data<float>()[i] = static_cast<float>(number);
    if (dtype == DType::i32) result.data<int32_t>()[i] = static_cast<int32_t>(number);
    if (dtype == DType::i64) result.data<int64_t>()[i] = static_cast<int64_t>(number);
  }
  importer.set_constant(node, 0, std::move(result));
}

void fold_not(Importer& importer, const OnnxNode& node) {
  const Tensor& x = importer.constant(node, 0);
  if (x.dtype() != DType::boolean) importer.complain(node, "of {}", name(x.dtype()));
  Tensor result = granted(importer, node, x.shape(), DType::boolean);
  for (int64_t i = 0; i < x.size(); ++i) elements<uint8_t>(result)[i] = elements<uint8_t>(x)[i] != 0 ? 0 : 1;
  importer.set_constant(node, 0, std::move(result));
}

// A copy of the data in which blocks are overwritten where the rows of indices say.
void fold_scatter(Importer& importer, const OnnxNode& node) {
  const Tensor &data = importer.constant(node, 0), &updates = importer.constant(node, 2);
  const std::vector<int64_t> indices = importer.integers(node, 1);
  const Shape places = importer.constant(node, 1).shape();
  const int64_t depth = places.empty() ? 0 : places.back();
  if (depth < 1 || depth > std::ssize(data.shape()) || updates.dtype() != data.dtype() ||
      importer.text(node, "reduction", "none") != "none")
    importer.complain(node, "indices {} into {}", to_string(places), to_string(data.shape()));
  const Shape block(data.shape().begin() + depth, data.shape().end());
  const int64_t rows = std::ssize(indices) / depth, length = element_count(block);
  if (updates.size() != rows * length) importer.complain(node, "{} updates of {} blocks", updates.size(), rows);
  Tensor result = granted(importer, node, data.shape(), data.dtype());
  std::memcpy(result.raw(), data.raw(), data.bytes());
  const size_t bytes = static_cast<size_t>(length) * byte_size(data.dtype());
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at = 0;
    for (int64_t d = 0; d < depth; ++d) {
      const int64_t extent = data.shape()[static_cast<size_t>(d)], given = indices[static_cast<size_t>(row * depth + d)];
      if (given < -extent || given >= extent) importer.complain(node, "index {} of {}", given, extent);
      at = at * extent + (given < 0 ? given + extent : given);
    }
    if (bytes > 0)
      std::memcpy(result.raw() + static_cast<size_t>(at) * bytes, updates.raw() + static_cast<size_t>(row) * bytes, bytes);
  }
  importer.set_constant(node, 0, std::move(result));
}

using Fold = void (*)(Importer&, const OnnxNode&);

const std::map<std::string, Fold>& folds() {
  static const std::map<std::string, Fold> table{{"Cast", fold_cast},
                                                 {"Gather", fold_gather},
                                                 {"Concat", fold_concat},
                                                 {"Slice", fold_slice},
                                                 {"ConstantOfShape", fold_constant_of_shape},
                                                 {"Expand", fold_expand},
                                                 {"Where", fold_where},
                                                 {"Not", fold_not},
                                                 {"And", fold_logic},
                                                 {"Or", fold_logic},
                                                 {"Xor", fold_logic},
                                                 {"ScatterND", fold_scatter},
                                                 {"Range", fold_range},
                                                 {"Add", fold_binary<BinaryFunction::add>},
                                                 {"Sub", fold_binary<BinaryFunction::subtract>},
                                                 {"Mul", fold_binary<BinaryFunction::multiply>},
                                                 {"Div", fold_binary<BinaryFunction::divide>},
                                                 {"Mod", fold_modulo},
                                                 {"Pow", fold_binary<BinaryFunction::power>},
                                                 {"Max", fold_binary<BinaryFunction::maximum>},
                                                 {"Min", fold_binary<BinaryFunction::minimum>},
                                                 {"Equal", fold_comparison<Comparison::equal>},
                                                 {"Less", fold_comparison<Comparison::less>},
                                                 {"LessOrEqual", fold_comparison<Comparison::less_or_equal>},
                                                 {"Greater", fold_comparison<Comparison::greater>},
                                                 {"GreaterOrEqual", fold_comparison<Comparison::greater_or_equal>},
                                                 {"Neg", fold_unary<UnaryFunction::negate>},
                                                 {"Sqrt", fold_unary<UnaryFunction::square_root>},
                                                 {"Floor", fold_unary<UnaryFunction::floor>},
                                                 {"Ceil", fold_unary<UnaryFunction::ceil>},
                                                 {"Reciprocal", fold_unary<UnaryFunction::reciprocal>},
                                                 {"Exp", fold_unary<UnaryFunction::exponential>}};
  return table;
}

}  // namespace

bool fold_constant(Importer& importer, const OnnxNode& node) {
  if (node.type == "Shape") return fold_shape(importer, node), true;
  if (node.type == "Size") return fold_size(importer, node), true;
  if (node.type == "EyeLike") return fold_eye_like(importer, node), true;
  if (node.type == "Constant") return fold_constant_node(importer, node), true;
  const auto found = folds().find(node.type);
  if (found == folds().end() || node.inputs.empty()) return false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (importer.has_input(node, i) && !importer.quantized_input(node, i).constant) return false;
  }
  const bool pairs = node.inputs.size() == 2;
  if ((node.type == "Max" || node.type == "Min") && !pairs) return false;
  if (node.type == "Pow" &&
      (importer.constant(node, 0).dtype() != DType::f32 || importer.constant(node, 1).dtype() != DType::f32))
    return false;
  found->second(importer, node);
  return true;
}

}  // namespace fovea
