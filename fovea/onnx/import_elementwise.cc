// Arithmetic with broadcasting, and activations.
#include <algorithm>
#include <cmath>
#include <limits>

#include "fovea/onnx/importer.h"

namespace fovea {
namespace {

// The value with ones in front, up to a rank.
ImportedValue of_rank(const ImportedValue& value, int64_t rank) {
  ImportedValue result = value;
  Shape shape(static_cast<size_t>(rank - value.rank()), 1);
  const Shape own = value.shape();
  shape.insert(shape.end(), own.begin(), own.end());
  if (result.constant)
    result.constant = result.constant->reshaped(shape);
  else
    result.layout = *result.layout.reshaped(shape);
  return result;
}

// `value`, of the rank of `order`, as an operand of what lies in that order. Parameters lose ones in front: a bias is
// [channels].
Ref operand(Importer& importer, ImportedValue value, const std::vector<int64_t>& order) {
  if (!value.constant) return importer.in_order(value, order);
  if (value.constant->size() == 1 && value.constant->dtype() == DType::f32)
    return importer.scalar(value.constant->data<float>()[0]);
  const Tensor tensor = transposed(*value.constant, order);
  Shape shape = tensor.shape();
  shape.erase(shape.begin(), std::ranges::find_if(shape, [](int64_t extent) { return extent != 1; }));
  return importer.parameter(value.name, tensor.reshaped(shape));
}

// Both operands, placed so that they broadcast, and the order of the result's dimensions.
struct Pair {
  Ref a, b;
  std::vector<int64_t> order;
};

Pair together(Importer& importer, const OnnxNode& node, ImportedValue& first, ImportedValue& second) {
  const Shape shape = importer.broadcast(node, first.shape(), second.shape());
  const auto rank = static_cast<int64_t>(shape.size());
  ImportedValue a = of_rank(first, rank), b = of_rank(second, rank);
  // The operand that has the whole shape decides.
  const bool b_leads = b.shape() == shape && !b.constant && (a.shape() != shape || a.constant);
  const std::vector<int64_t> order = importer.some_order(b_leads ? b : a);
  return {.a = operand(importer, a, order), .b = operand(importer, b, order), .order = order};
}

Ref binary(Importer& importer, const OnnxNode& node, const char* operation, ImportedValue& a, ImportedValue& b,
           std::vector<int64_t>& order) {
  // What lies alike needs no order, flattened maps for instance; nor does a single number.
  const Pair pair = together(importer, node, a, b);
  order = pair.order;
  return importer.add(node, operation, {pair.a, pair.b}).front();
}

bool is_number(const ImportedValue& value) {
  return value.constant && value.constant->size() == 1 && value.constant->dtype() == DType::f32;
}

void import_binary(Importer& importer, const OnnxNode& node, const char* operation) {
  ImportedValue& a = importer.input(node, 0);
  ImportedValue& b = importer.input(node, 1);
  const auto whole = [](const ImportedValue& x, const ImportedValue& other) { return !x.constant && x.rank() >= other.rank(); };
  if ((is_number(b) && whole(a, b)) || (is_number(a) && whole(b, a))) {
    const ImportedValue& x = is_number(b) ? a : b;
    const Ref number = importer.scalar((is_number(b) ? b : a).constant->data<float>()[0]);
    const std::vector<Ref> operands = is_number(b) ? std::vector<Ref>{x.ref, number} : std::vector<Ref>{number, x.ref};
    return importer.set(node, 0, importer.add(node, operation, operands).front(), x.layout);
  }
  if (!a.constant && !b.constant && a.layout == b.layout && importer.shape_of(a.ref) == importer.shape_of(b.ref))
    return importer.set(node, 0, importer.add(node, operation, {a.ref, b.ref}).front(), a.layout);
  std::vector<int64_t> order;
  const Ref y = binary(importer, node, operation, a, b, order);
  importer.set_in_order(node, 0, y, order);
}

// Any number of inputs, one after another; `mean` divides by their number.
void import_variadic(Importer& importer, const OnnxNode& node, const char* operation, bool mean = false) {
  if (node.inputs.empty()) importer.complain(node, "has no inputs");
  ImportedValue sum = importer.input(node, 0);
  if (sum.constant)
    sum = {.name = sum.name, .constant = {}, .ref = importer.row_major(sum), .layout = Layout::row_major(sum.shape())};
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    std::vector<int64_t> order;
    const Ref y = binary(importer, node, operation, sum, importer.input(node, i), order);
    sum.layout = Layout::permuted(importer.shape_of(y), inverse(order));
    sum.ref = y;
  }
  if (mean)
    sum.ref = importer.add(node, "mul", {sum.ref, importer.scalar(1.0 / static_cast<double>(node.inputs.size()))}).front();
  importer.set(node, 0, sum.ref, sum.layout);
}

Ref data(Importer& importer, ImportedValue& x) { return x.constant ? importer.row_major(x) : x.ref; }
Layout layout(const ImportedValue& x) { return x.constant ? Layout::row_major(x.shape()) : x.layout; }

void import_unary(Importer& importer, const OnnxNode& node, const char* operation, const Attributes& attributes = {}) {
  ImportedValue& x = importer.input(node, 0);
  importer.set(node, 0, importer.add(node, operation, {data(importer, x)}, attributes).front(), layout(x));
}

void import_clip(Importer& importer, const OnnxNode& node) {
  constexpr double most = std::numeric_limits<float>::max();
  const double low = importer.has_input(node, 1) ? importer.number(node, 1) : -most;
  const double high = importer.has_input(node, 2) ? importer.number(node, 2) : most;
  if (low == 0 && high == 6) return import_unary(importer, node, "relu6");
  if (low == 0 && high >= most) return import_unary(importer, node, "relu");
  import_unary(importer, node, "clamp", {{"low", low}, {"high", high}});
}

// max(0, min(1, alpha * x + beta)); alpha 1/6 and beta 1/2 are MobileNetV3's.
void import_hard_sigmoid(Importer& importer, const OnnxNode& node) {
  const float alpha = importer.number(node, "alpha", 0.2F), beta = importer.number(node, "beta", 0.5F);
  if (std::abs(alpha - 1.0F / 6) < 1e-6F && beta == 0.5F) return import_unary(importer, node, "hard_sigmoid");
  ImportedValue& x = importer.input(node, 0);
  const Ref product = importer.add(node, "mul", {data(importer, x), importer.scalar(alpha)}).front();
  const Ref sum = importer.add(node, "add", {product, importer.scalar(beta)}).front();
  importer.set(node, 0, importer.add(node, "clamp", {sum}, {{"low", 0.0}, {"high", 1.0}}).front(), layout(x));
}

void import_pow(Importer& importer, const OnnxNode& node) {
  const ImportedValue& exponent = importer.input(node, 1);
  ImportedValue& x = importer.input(node, 0);
  const bool known = is_number(exponent) && exponent.rank() <= x.rank();
  const float number = known ? exponent.constant->data<float>()[0] : 0.0F;
  if (known && number == 0.5F) return import_unary(importer, node, "sqrt");
  if (known && number == 2.0F) {
    const Ref base = data(importer, x);
    return importer.set(node, 0, importer.add(node, "mul", {base, base}).front(), layout(x));
  }
  import_binary(importer, node, "pow");
}

void import_reciprocal(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  importer.set(node, 0, importer.add(node, "div", {importer.scalar(1), data(importer, x)}).front(), layout(x));
}

// x where x > 0, else slope * x, with a slope for each channel: max(x, 0) + slope * min(x, 0).
void import_prelu(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& slope = importer.input(node, 1);
  if (is_number(slope) && slope.rank() <= x.rank())
    return import_unary(importer, node, "leaky_relu", {{"slope", static_cast<double>(slope.constant->data<float>()[0])}});
  if (importer.broadcast(node, x.shape(), slope.shape()) != x.shape())
    importer.complain(node, "slope {} does not broadcast to the input {}", to_string(slope.shape()), to_string(x.shape()));
  const Ref zero = importer.scalar(0);
  const Ref negative = importer.add(node, "minimum", {data(importer, x), zero}).front();
  ImportedValue below{.name = x.name, .constant = {}, .ref = negative, .layout = layout(x)};
  std::vector<int64_t> order;
  const Ref leak = binary(importer, node, "mul", below, slope, order);
  const Ref positive = importer.add(node, "relu", {importer.in_order(x, order)}).front();
  importer.set_in_order(node, 0, importer.add(node, "add", {positive, leak}).front(), order);
}

void import_gelu(Importer& importer, const OnnxNode& node) {
  if (importer.text(node, "approximate", "none") != "none")
    importer.complain(node, "its tanh approximation; fovea has the exact one");
  import_unary(importer, node, "gelu");
}

// x where x > 0, else alpha * (exp(x) - 1).
void import_elu(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Ref input = data(importer, x);
  const Ref power = importer.add(node, "exp", {importer.add(node, "minimum", {input, importer.scalar(0)}).front()}).front();
  const Ref below = importer
                        .add(node, "mul",
                             {importer.add(node, "sub", {power, importer.scalar(1)}).front(),
                              importer.scalar(importer.number(node, "alpha", 1.0F))})
                        .front();
  importer.set(node, 0, importer.add(node, "add", {importer.add(node, "relu", {input}).front(), below}).front(), layout(x));
}

// Floating point to floating point: everything is f32 here.
void import_cast(Importer& importer, const OnnxNode& node) {
  const ImportedValue& x = importer.input(node, 0);
  constexpr int64_t f32 = 1, f16 = 10, f64 = 11, bf16 = 16;
  const int64_t to = importer.integer(node, "to", f32);
  const bool floats = to == f32 || to == f16 || to == f64 || to == bf16;
  if (!floats || x.constant || importer.type_of(x.ref).dtype != DType::f32)
    importer.complain(node, "a cast of data between floating point and integers; fovea reads casts of shapes and constants");
  importer.set_same(node, 0, x);
}

}  // namespace

void add_elementwise_imports(ImportTable& table) {
  const std::pair<const char*, const char*> binaries[] = {{"Add", "add"}, {"Sub", "sub"}, {"Mul", "mul"}, {"Div", "div"}};
  for (const auto& [type, operation] : binaries)
    table[type] = [operation](Importer& importer, const OnnxNode& node) { import_binary(importer, node, operation); };
  const std::pair<const char*, const char*> unaries[] = {{"Relu", "relu"}, {"Sigmoid", "sigmoid"},  {"Tanh", "tanh"},
                                                         {"Erf", "erf"},   {"Sqrt", "sqrt"},        {"Exp", "exp"},
                                                         {"Log", "log"},   {"Abs", "abs"},          {"HardSwish", "hard_swish"},
                                                         {"Neg", "neg"},   {"fovea.Swish", "swish"}};
  for (const auto& [type, operation] : unaries)
    table[type] = [operation](Importer& importer, const OnnxNode& node) { import_unary(importer, node, operation); };
  const std::pair<const char*, const char*> variadic[] = {{"Max", "maximum"}, {"Min", "minimum"}, {"Sum", "add"}};
  for (const auto& [type, operation] : variadic)
    table[type] = [operation](Importer& importer, const OnnxNode& node) { import_variadic(importer, node, operation); };
  table["Mean"] = [](Importer& importer, const OnnxNode& node) { import_variadic(importer, node, "add", true); };
  table["LeakyRelu"] = [](Importer& importer, const OnnxNode& node) {
    import_unary(importer, node, "leaky_relu", {{"slope", static_cast<double>(importer.number(node, "alpha", 0.01F))}});
  };
  table["Clip"] = import_clip;
  table["HardSigmoid"] = import_hard_sigmoid;
  table["Pow"] = import_pow;
  table["Reciprocal"] = import_reciprocal;
  table["PRelu"] = import_prelu;
  table["Gelu"] = import_gelu;
  table["Elu"] = import_elu;
  table["Cast"] = import_cast;
  for (const char* type : {"Identity", "Dropout"})
    table[type] = [](Importer& importer, const OnnxNode& node) { importer.set_same(node, 0, importer.input(node, 0)); };
}

}  // namespace fovea
