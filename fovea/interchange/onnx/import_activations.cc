// SPDX-License-Identifier: Apache-2.0
// Activations and functions of one number that are composed of others.
#include <cmath>
#include <numbers>

#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

// A node that computes each element of its result from the element of its input.
using Function = Ref (*)(Composite& c, Ref x, Importer& importer, const OnnxNode& node);

void import_function(Importer& importer, const OnnxNode& node, Function function) {
  ImportedValue& x = importer.input(node, 0);
  Composite c(importer, node, dtype_of(importer, x));
  const Ref input = data_of(importer, x);
  importer.set(node, 0, function(c, input, importer, node), layout_of(x));
}

// exp(x) - 1 where x < 0, and 0 elsewhere.
Ref below_zero(Composite& c, Ref x) { return c.sub(c.exp(c.minimum(x, 0)), 1); }

// log(1 + y) for y >= 0, exact to the last bits of small y as well: the rounding error of 1 + y is divided out (Kahan).
Ref log_of_one_and(Composite& c, Ref y) {
  const Ref sum = c.add(y, 1), fraction = c.sub(sum, 1);
  const Ref safe = c.select(fraction, "eq", 0, 1, fraction);
  return c.select(fraction, "eq", 0, y, c.mul(c.log(sum), c.div(y, safe)));
}

Ref softplus(Composite& c, Ref x) {
  const Ref tail = c.exp(c.sub(0, c.abs(x)));
  return c.add(c.maximum(x, 0), log_of_one_and(c, tail));
}

Ref asinh_of(Composite& c, Ref size) {
  // log(y + sqrt(y^2 + 1)) = log1p(y + y^2 / (1 + sqrt(y^2 + 1))), exact for small y.
  const Ref square = c.square(size);
  return log_of_one_and(c, c.add(size, c.div(square, c.add(c.sqrt(c.add(square, 1)), 1))));
}

Ref with_sign_of(Composite& c, Ref x, Ref size) { return c.select(x, "lt", 0, c.sub(0, size), size); }

// asin(x). atan(x / sqrt(1 - x^2)) would have an infinite quotient at -1 and 1; twice the arc tangent of x / (1 + sqrt(1 -
// x^2)) has none.
Ref asin_of(Composite& c, Ref x) {
  const Ref root = c.sqrt(c.mul(c.sub(1, x), c.add(x, 1)));
  return c.mul(c(ops::Atan{c.div(x, c.add(root, 1))}), 2);
}

Ref elu(Composite& c, Ref x, Importer& importer, const OnnxNode& node) {
  const Ref below = c.mul(below_zero(c, x), importer.number(node, "alpha", 1.0F));
  return c.add(c(ops::Relu{x}), below);
}

Ref selu(Composite& c, Ref x, Importer& importer, const OnnxNode& node) {
  const Ref below = c.mul(below_zero(c, x), importer.number(node, "alpha", 1.67326319F));
  return c.mul(c.add(c(ops::Relu{x}), below), importer.number(node, "gamma", 1.05070102F));
}

Ref celu(Composite& c, Ref x, Importer& importer, const OnnxNode& node) {
  const float alpha = importer.number(node, "alpha", 1.0F);
  if (alpha == 0) importer.complain(node, "its alpha is 0");
  return c.add(c(ops::Relu{x}), c.mul(below_zero(c, c.div(x, alpha)), alpha));
}

Ref gelu(Composite& c, Ref x, Importer& importer, const OnnxNode& node) {
  const std::string form = importer.text(node, "approximate", "none");
  if (form == "none") return c(ops::Gelu{x});
  if (form != "tanh") importer.complain(node, "approximate is \"{}\"; it must be none or tanh", form);
  const Ref inner = c.mul(c.add(x, c.mul(c.mul(c.square(x), x), 0.044715)), std::sqrt(2 / std::numbers::pi));
  return c.mul(c.mul(x, 0.5), c.add(c(ops::Tanh{inner}), 1));
}

Ref shrink(Composite& c, Ref x, Importer& importer, const OnnxNode& node) {
  const float limit = importer.number(node, "lambd", 0.5F), bias = importer.number(node, "bias", 0.0F);
  const Ref above = c.select(x, "gt", limit, c.sub(x, bias), 0);
  return c.select(x, "lt", -limit, c.add(x, bias), above);
}

Ref is_infinite(Composite& c, Ref x, Importer& importer, const OnnxNode& node) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const bool positive = importer.integer(node, "detect_positive", 1) != 0;
  const bool negative = importer.integer(node, "detect_negative", 1) != 0;
  const Ref above = c.select(x, "eq", infinity, positive ? 1 : 0, 0);
  return c.select(x, "eq", -infinity, negative ? 1 : 0, above);
}

const std::pair<const char*, Function> simple[] = {
    {"Abs",
     [](Composite& c, Ref x, Importer& importer, const OnnxNode&) {
       return importer.type_of(x).dtype == DType::f32 ? c.abs(x) : c.select(x, "lt", 0, c.sub(0, x), x);
     }},
    {"Neg",
     [](Composite& c, Ref x, Importer& importer, const OnnxNode&) {
       return importer.type_of(x).dtype == DType::f32 ? c(ops::Neg{x}) : c.sub(0, x);
     }},
    {"Sign",
     [](Composite& c, Ref x, Importer&, const OnnxNode&) {
       return c.select(x, "gt", 0, 1, c.select(x, "lt", 0, -1, x));
     }},
    {"Softplus", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return softplus(c, x); }},
    {"Softsign", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return c.div(x, c.add(c.abs(x), 1)); }},
    {"Mish", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return c.mul(x, c(ops::Tanh{softplus(c, x)})); }},
    {"ThresholdedRelu",
     [](Composite& c, Ref x, Importer& importer, const OnnxNode& node) {
       return c.select(x, "gt", importer.number(node, "alpha", 1.0F), x, 0);
     }},
    {"IsNaN", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return c.select(x, "ne", x, 1, 0); }},
    {"Not", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return c.select(x, "ne", 0, 0, 1); }},
    {"Tan", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return c.div(c(ops::Sin{x}), c(ops::Cos{x})); }},
    {"Asin", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return asin_of(c, x); }},
    {"Acos",
     [](Composite& c, Ref x, Importer&, const OnnxNode&) { return c.sub(std::numbers::pi / 2, asin_of(c, x)); }},
    {"Sinh",
     [](Composite& c, Ref x, Importer&, const OnnxNode&) {
       // (e^x - e^-x) / 2 cancels near 0, where t / sqrt(1 - t^2) with t = tanh(x) does not.
       const Ref t = c(ops::Tanh{x});
       const Ref near = c.div(t, c.sqrt(c.sub(1, c.square(t))));
       const Ref far = c.mul(c.sub(c.exp(x), c.exp(c.sub(0, x))), 0.5);
       return c.select(c.abs(x), "lt", 1, near, far);
     }},
    {"Cosh",
     [](Composite& c, Ref x, Importer&, const OnnxNode&) { return c.mul(c.add(c.exp(x), c.exp(c.sub(0, x))), 0.5); }},
    {"Asinh", [](Composite& c, Ref x, Importer&, const OnnxNode&) { return with_sign_of(c, x, asinh_of(c, c.abs(x))); }},
    {"Acosh",
     [](Composite& c, Ref x, Importer&, const OnnxNode&) {
       const Ref above = c.sub(x, 1);
       return log_of_one_and(c, c.add(above, c.sqrt(c.mul(above, c.add(x, 1)))));
     }},
    {"Atanh", [](Composite& c, Ref x, Importer&, const OnnxNode&) {
       // log((1 + y) / (1 - y)) / 2 = log1p(2 y / (1 - y)) / 2
       const Ref size = c.abs(x);
       return with_sign_of(c, x, c.mul(log_of_one_and(c, c.div(c.mul(size, 2), c.sub(1, size))), 0.5));
     }}};

}  // namespace

void add_activation_imports(ImportTable& table) {
  const auto add = [&](const char* type, Function function) {
    table[type] = [function](Importer& importer, const OnnxNode& node) { import_function(importer, node, function); };
  };
  for (const auto& [type, function] : simple) add(type, function);
  const std::pair<const char*, Function> others[] = {{"Elu", elu},   {"Selu", selu},     {"Celu", celu},
                                                     {"Gelu", gelu}, {"Shrink", shrink}, {"IsInf", is_infinite}};
  for (const auto& [type, function] : others) add(type, function);
}

}  // namespace fovea
