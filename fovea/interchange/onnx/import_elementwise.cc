// SPDX-License-Identifier: Apache-2.0
// Arithmetic with broadcasting, and activations.
#include <algorithm>
#include <cmath>
#include <limits>

#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

// Two values, arranged so that they broadcast.
template <Operator Op>
Ref binary(Importer& importer, const OnnxNode& node, ImportedValue& a, ImportedValue& b, Placed& placed) {
  // Values with the same layout need no particular order, such as flattened maps; nor does a single number.
  placed = placed_together(importer, node, {&a, &b});
  return importer.add(node, Op{placed.refs[0], placed.refs[1]});
}

bool is_number(const ImportedValue& value) {
  return value.constant && value.constant->size() == 1 && value.constant->dtype() == DType::f32;
}

template <Operator Op>
void import_binary(Importer& importer, const OnnxNode& node) {
  ImportedValue& a = importer.input(node, 0);
  ImportedValue& b = importer.input(node, 1);
  const auto whole = [](const ImportedValue& x, const ImportedValue& other) { return !x.constant && x.rank() >= other.rank(); };
  if ((is_number(b) && whole(a, b)) || (is_number(a) && whole(b, a))) {
    const ImportedValue& x = is_number(b) ? a : b;
    const Ref number = importer.scalar((is_number(b) ? b : a).constant->data<float>()[0]);
    const Op op = is_number(b) ? Op{x.ref, number} : Op{number, x.ref};
    return importer.set(node, 0, importer.add(node, op), x.layout);
  }
  if (!a.constant && !b.constant && a.layout == b.layout && importer.shape_of(a.ref) == importer.shape_of(b.ref))
    return importer.set(node, 0, importer.add(node, Op{a.ref, b.ref}), a.layout);
  Placed placed;
  const Ref y = binary<Op>(importer, node, a, b, placed);
  set_placed(importer, node, placed, y);
}

// Combines any number of inputs, one after another; with `mean` the sum is divided by their number.
template <Operator Op, bool mean = false>
void import_variadic(Importer& importer, const OnnxNode& node) {
  if (node.inputs.empty()) importer.complain(node, "has no inputs");
  ImportedValue sum = importer.input(node, 0);
  if (sum.constant)
    sum = {.name = sum.name, .constant = {}, .ref = importer.row_major(sum), .layout = Layout::row_major(sum.shape())};
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    Placed placed;
    sum.ref = binary<Op>(importer, node, sum, importer.input(node, i), placed);
    sum.layout = Layout::permuted(importer.shape_of(sum.ref), inverse(placed.order));
  }
  if (mean) sum.ref = importer.add(node, ops::Mul{sum.ref, importer.scalar(1.0 / static_cast<double>(node.inputs.size()))});
  importer.set(node, 0, sum.ref, sum.layout);
}

// An operator with `op`'s attributes on the node's input.
template <Operator Op>
void import_unary(Importer& importer, const OnnxNode& node, Op op) {
  ImportedValue& x = importer.input(node, 0);
  op.input = data_of(importer, x);
  importer.set(node, 0, importer.add(node, op), layout_of(x));
}
template <Operator Op>
void import_plain(Importer& importer, const OnnxNode& node) {
  import_unary(importer, node, Op());
}

// A bound of Clip, which is an attribute before opset 11 and an input since; nothing when it is left out.
std::optional<double> known_bound(Importer& importer, const OnnxNode& node, size_t index, const char* attribute, bool& known) {
  if (importer.opset() < 11) {
    constexpr float most = std::numeric_limits<float>::max();
    const float bound = importer.number(node, attribute, index == 1 ? -most : most);
    return std::abs(bound) < most ? std::optional<double>(bound) : std::nullopt;
  }
  if (!importer.has_input(node, index)) return std::nullopt;
  const ImportedValue& bound = importer.input(node, index);
  if (bound.constant && bound.constant->size() == 1 && bound.constant->dtype() == DType::f32)
    return bound.constant->data<float>()[0];
  known = false;
  return std::nullopt;
}

void import_clip(Importer& importer, const OnnxNode& node) {
  constexpr double most = std::numeric_limits<float>::max();
  bool known = true;
  const double low = known_bound(importer, node, 1, "min", known).value_or(-most);
  const double high = known_bound(importer, node, 2, "max", known).value_or(most);
  ImportedValue& x = importer.input(node, 0);
  if (known && dtype_of(importer, x) == DType::f32) {
    if (low == 0 && high == 6) return import_plain<ops::Relu6>(importer, node);
    if (low == 0 && high >= most) return import_plain<ops::Relu>(importer, node);
    return import_unary(importer, node, ops::Clamp{.low = low, .high = high});
  }
  // Bounds that are computed, or bounds of integers.
  ImportedValue sum = x;
  for (const size_t index : {1, 2}) {
    if (!importer.has_input(node, index)) continue;
    Placed placed;
    ImportedValue& bound = importer.input(node, index);
    sum.ref = index == 1 ? binary<ops::Maximum>(importer, node, sum, bound, placed)
                         : binary<ops::Minimum>(importer, node, sum, bound, placed);
    sum.constant.reset();
    sum.layout = Layout::permuted(importer.shape_of(sum.ref), inverse(placed.order));
  }
  if (sum.constant) return importer.set_constant(node, 0, *sum.constant);
  importer.set(node, 0, sum.ref, sum.layout);
}

// max(0, min(1, alpha * x + beta)); MobileNetV3 has alpha 1/6 and beta 1/2.
void import_hard_sigmoid(Importer& importer, const OnnxNode& node) {
  const float alpha = importer.number(node, "alpha", 0.2F), beta = importer.number(node, "beta", 0.5F);
  if (std::abs(alpha - 1.0F / 6) < 1e-6F && beta == 0.5F) return import_plain<ops::HardSigmoid>(importer, node);
  ImportedValue& x = importer.input(node, 0);
  const Ref product = importer.add(node, ops::Mul{data_of(importer, x), importer.scalar(alpha)});
  const Ref sum = importer.add(node, ops::Add{product, importer.scalar(beta)});
  importer.set(node, 0, importer.add(node, ops::Clamp{.input = sum, .low = 0.0, .high = 1.0}), layout_of(x));
}

// x raised to a whole power by repeated squaring.
Ref whole_power(Composite& c, Ref x, int64_t exponent) {
  std::optional<Ref> product;
  for (Ref square = x; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0) product = product ? c.mul(*product, square) : square;
    if (exponent > 1) square = c.mul(square, square);
  }
  return product ? *product : c.add(c.mul(x, 0), 1);
}

// Exponents of any type, known or computed; the result has the base's type.
void import_pow(Importer& importer, const OnnxNode& node) {
  ImportedValue& exponent = importer.input(node, 1);
  ImportedValue& x = importer.input(node, 0);
  const DType base = dtype_of(importer, x), type = dtype_of(importer, exponent);
  std::optional<double> number;
  if (exponent.constant && exponent.constant->size() == 1 && exponent.rank() <= x.rank()) {
    const Tensor& tensor = *exponent.constant;
    number = type == DType::f32   ? static_cast<double>(tensor.data<float>()[0])
             : type == DType::i64 ? static_cast<double>(tensor.data<int64_t>()[0])
             : type == DType::i32 ? static_cast<double>(tensor.data<int32_t>()[0])
                                  : std::optional<double>();
  }
  if (base != DType::f32) {
    if (!number || *number < 0 || *number > 64 || *number != std::floor(*number))
      importer.complain(node, "a power of {} whose exponent is no known whole number from 0 to 64", name(base));
    Composite c(importer, node, base);
    return importer.set(node, 0, whole_power(c, data_of(importer, x), static_cast<int64_t>(*number)), layout_of(x));
  }
  if (number == 0.5) return import_plain<ops::Sqrt>(importer, node);
  if (number == 2.0) {
    const Ref power = data_of(importer, x);
    return importer.set(node, 0, importer.add(node, ops::Mul{power, power}), layout_of(x));
  }
  Composite c(importer, node);
  if (number) return importer.set(node, 0, c.pow(data_of(importer, x), *number), layout_of(x));
  if (type == DType::f32) return import_binary<ops::Pow>(importer, node);
  const Placed placed = placed_together(importer, node, {&x, &exponent});
  set_placed(importer, node, placed, c.pow(placed.refs[0], c.cast(placed.refs[1], DType::f32)));
}

// Integers are divided towards zero, and a division by zero gives 0. Processors trap on a zero divisor and on the least number
// divided by -1.
Ref integer_quotient(Composite& c, Ref a, Ref b) {
  const Ref safe = c.select(b, "eq", 0, 1, c.select(b, "eq", -1, 1, b));
  const Ref quotient = c.select(b, "eq", -1, c.sub(0, a), c.div(a, safe));
  return c.select(b, "eq", 0, 0, quotient);
}

void import_div(Importer& importer, const OnnxNode& node) {
  ImportedValue& a = importer.input(node, 0);
  if (dtype_of(importer, a) == DType::f32) return import_binary<ops::Div>(importer, node);
  const Placed placed = placed_together(importer, node, {&a, &importer.input(node, 1)});
  Composite c(importer, node, dtype_of(importer, a));
  set_placed(importer, node, placed, integer_quotient(c, placed.refs[0], placed.refs[1]));
}

// The remainder of a division, with the divisor's sign or, with `fmod`, the dividend's.
void import_mod(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const DType dtype = dtype_of(importer, x);
  const bool fmod = importer.integer(node, "fmod", 0) != 0;
  if (dtype == DType::f32 && !fmod) importer.complain(node, "of floating point without fmod, which ONNX does not allow");
  const Placed placed = placed_together(importer, node, {&x, &importer.input(node, 1)});
  const Ref a = placed.refs[0], b = placed.refs[1];
  Composite c(importer, node, dtype);
  if (dtype != DType::f32) {
    const Ref rest = c.sub(a, c.mul(integer_quotient(c, a, b), b));
    if (fmod) return set_placed(importer, node, placed, rest);
    const Ref moved = c.add(rest, b);
    const Ref across = c.select(rest, "lt", 0, c.select(b, "gt", 0, moved, rest), c.select(b, "lt", 0, moved, rest));
    return set_placed(importer, node, placed, c.select(rest, "eq", 0, rest, across));
  }
  // Computed on magnitudes; the dividend's sign is applied last. A quotient that was rounded across a whole number is
  // corrected.
  const Ref size = c.abs(a), divisor = c.abs(b);
  Ref rest = c.sub(size, c.mul(c(ops::Floor{c.div(size, divisor)}), divisor));
  rest = c.select(rest, "lt", 0, c.add(rest, divisor), rest);
  rest = c.select(rest, "ge", divisor, c.sub(rest, divisor), rest);
  rest = c.select(size, "lt", divisor, size, rest);
  set_placed(importer, node, placed, c.select(a, "lt", 0, c.sub(0, rest), rest));
}

void import_reciprocal(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  importer.set(node, 0, importer.add(node, ops::Div{importer.scalar(1), data_of(importer, x)}), layout_of(x));
}

// x where x > 0, else slope * x with a slope for each channel: max(x, 0) + slope * min(x, 0).
void import_prelu(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& slope = importer.input(node, 1);
  if (is_number(slope) && slope.rank() <= x.rank())
    return import_unary(importer, node, ops::LeakyRelu{.slope = static_cast<double>(slope.constant->data<float>()[0])});
  if (importer.broadcast(node, x.shape(), slope.shape()) != x.shape())
    importer.complain(node, "slope {} does not broadcast to the input {}", to_string(slope.shape()), to_string(x.shape()));
  const Ref zero = importer.scalar(0);
  const Ref negative = importer.add(node, ops::Minimum{data_of(importer, x), zero});
  ImportedValue below{.name = x.name, .constant = {}, .ref = negative, .layout = layout_of(x)};
  Placed placed;
  const Ref leak = binary<ops::Mul>(importer, node, below, slope, placed);
  const Ref positive = importer.add(node, ops::Relu{importer.in_order(x, placed.order)});
  importer.set_in_order(node, 0, importer.add(node, ops::Add{positive, leak}), placed.order);
}

// Numbers as the file's type would hold them, in the types that a graph computes with: floating point is f32, rounded to a
// narrower type when the file asks for it; booleans are 0 and 1.
Ref converted(Importer& importer, const OnnxNode& node, Ref x, int64_t to) {
  constexpr int64_t f32 = 1, i32 = 6, i64 = 7, boolean = 9, f16 = 10, f64 = 11, bf16 = 16;
  const DType from = importer.type_of(x).dtype;
  if (from != DType::f32 && from != DType::i32 && from != DType::i64)
    importer.complain(node, "a cast of {}; fovea casts floating point, int32, int64 and bool", name(from));
  Composite c(importer, node, from);
  switch (to) {
    case f32:
    case f64:
      return c.cast(x, DType::f32);
    case f16:
    case bf16:
      return c(ops::RoundTo{.input = c.cast(x, DType::f32), .as = std::string(to == f16 ? "f16" : "bf16")});
    case i32:
      return c.cast(x, DType::i32);
    case i64:
      return c.cast(x, DType::i64);
    case boolean:
      return c.cast(c.select(x, "ne", 0, 1, 0), DType::f32);
    default:
      importer.complain(node, "a cast to ONNX type {}; fovea casts to floating point, int32, int64 and bool", to);
  }
}

void import_cast_to(Importer& importer, const OnnxNode& node, int64_t to) {
  ImportedValue& x = importer.input(node, 0);
  const Ref given = data_of(importer, x), y = converted(importer, node, given, to);
  if (y == given && !x.constant) return importer.set_same(node, 0, x);
  importer.set(node, 0, y, layout_of(x));
}

void import_cast(Importer& importer, const OnnxNode& node) { import_cast_to(importer, node, importer.integer(node, "to", 1)); }

void import_cast_like(Importer& importer, const OnnxNode& node) {
  importer.input(node, 1);
  import_cast_to(importer, node, importer.element_type(node, 1));
}

// At inference this is a copy of the input; the second result, which says what was kept, is all true.
void import_dropout(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const bool training = importer.opset() >= 12 && importer.has_input(node, 2);
  double ratio = 0.5;
  if (importer.opset() >= 12 && importer.has_input(node, 1)) ratio = importer.number(node, 1);
  if (training) {
    const Tensor& mode = importer.constant(node, 2);
    if (mode.dtype() != DType::boolean || mode.size() != 1)
      importer.complain(node, "its training_mode is {} {}; one truth value is needed", to_string(mode.shape()),
                        name(mode.dtype()));
    if (mode.raw()[0] != std::byte{0} && ratio != 0)
      importer.complain(node, "is in training mode and drops {} of its input at random; export the network for inference",
                        ratio);
  }
  const Shape shape = x.shape();
  importer.set_same(node, 0, x);
  if (node.outputs.size() < 2 || node.outputs[1].empty()) return;
  importer.spend(node, static_cast<uint64_t>(element_count(shape)));
  Tensor kept(shape, DType::boolean);
  std::fill_n(kept.raw(), kept.bytes(), std::byte{1});
  importer.set_constant(node, 1, kept);
}

}  // namespace

void add_elementwise_imports(ImportTable& table) {
  const std::pair<const char*, void (*)(Importer&, const OnnxNode&)> direct[] = {{"Add", import_binary<ops::Add>},
                                                                                 {"Sub", import_binary<ops::Sub>},
                                                                                 {"Mul", import_binary<ops::Mul>},
                                                                                 {"Relu", import_plain<ops::Relu>},
                                                                                 {"Sigmoid", import_plain<ops::Sigmoid>},
                                                                                 {"Tanh", import_plain<ops::Tanh>},
                                                                                 {"Erf", import_plain<ops::Erf>},
                                                                                 {"Sqrt", import_plain<ops::Sqrt>},
                                                                                 {"Exp", import_plain<ops::Exp>},
                                                                                 {"Log", import_plain<ops::Log>},
                                                                                 {"HardSwish", import_plain<ops::HardSwish>},
                                                                                 {"Floor", import_plain<ops::Floor>},
                                                                                 {"Ceil", import_plain<ops::Ceil>},
                                                                                 {"Round", import_plain<ops::Round>},
                                                                                 {"Sin", import_plain<ops::Sin>},
                                                                                 {"Cos", import_plain<ops::Cos>},
                                                                                 {"Atan", import_plain<ops::Atan>},
                                                                                 {"fovea.Swish", import_plain<ops::Swish>},
                                                                                 {"Max", import_variadic<ops::Maximum>},
                                                                                 {"Min", import_variadic<ops::Minimum>},
                                                                                 {"Sum", import_variadic<ops::Add>},
                                                                                 {"Mean", import_variadic<ops::Add, true>}};
  for (const auto& [type, function] : direct) table[type] = function;
  table["LeakyRelu"] = [](Importer& importer, const OnnxNode& node) {
    import_unary(importer, node, ops::LeakyRelu{.slope = static_cast<double>(importer.number(node, "alpha", 0.01F))});
  };
  table["Clip"] = import_clip;
  table["HardSigmoid"] = import_hard_sigmoid;
  table["Pow"] = import_pow;
  table["Reciprocal"] = import_reciprocal;
  table["PRelu"] = import_prelu;
  table["Div"] = import_div;
  table["Mod"] = import_mod;
  table["Cast"] = import_cast;
  table["CastLike"] = import_cast_like;
  table["Dropout"] = import_dropout;
  table["Identity"] = [](Importer& importer, const OnnxNode& node) { importer.set_same(node, 0, importer.input(node, 0)); };
}

}  // namespace fovea
