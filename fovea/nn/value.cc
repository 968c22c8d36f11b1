// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/value.h"

#include "fovea/core/error.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/recorder.h"

namespace fovea {
namespace {

Value binary(std::string_view name, Value a, Value b) { return a.recorder().add(name, {a, b}).front(); }
Value binary(std::string_view name, Value a, double b) { return binary(name, a, operators::constant(a.recorder(), b)); }
Value binary(std::string_view name, double a, Value b) { return binary(name, operators::constant(b.recorder(), a), b); }

}  // namespace

TensorType Value::type() const { return recorder().graph().type(ref_); }

int64_t Value::extent(int64_t dimension) const {
  const Shape shape = type().shape;
  const auto rank = static_cast<int64_t>(shape.size());
  if (dimension < -rank || dimension >= rank) refuse("a value of shape {} has no dimension {}", to_string(shape), dimension);
  return shape[static_cast<size_t>(dimension < 0 ? dimension + rank : dimension)];
}

Recorder& Value::recorder() const {
  if (recorder_ == nullptr) refuse("a Value was used before anything was assigned to it");
  return *recorder_;
}

Value operator+(Value a, Value b) { return binary(ops::Add::name, a, b); }
Value operator-(Value a, Value b) { return binary(ops::Sub::name, a, b); }
Value operator*(Value a, Value b) { return binary(ops::Mul::name, a, b); }
Value operator/(Value a, Value b) { return binary(ops::Div::name, a, b); }
Value operator+(Value a, double b) { return binary(ops::Add::name, a, b); }
Value operator-(Value a, double b) { return binary(ops::Sub::name, a, b); }
Value operator*(Value a, double b) { return binary(ops::Mul::name, a, b); }
Value operator/(Value a, double b) { return binary(ops::Div::name, a, b); }
Value operator+(double a, Value b) { return binary(ops::Add::name, a, b); }
Value operator-(double a, Value b) { return binary(ops::Sub::name, a, b); }
Value operator*(double a, Value b) { return binary(ops::Mul::name, a, b); }
Value operator/(double a, Value b) { return binary(ops::Div::name, a, b); }
Value operator-(Value a) { return operators::unary(ops::Neg::name, a); }

}  // namespace fovea
