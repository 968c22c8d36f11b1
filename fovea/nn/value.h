// SPDX-License-Identifier: Apache-2.0
// What a network is written with: Values, arithmetic on them, and layers joined by `|`.
//
// A Value stands for a tensor that a compiled program will compute. Using one records an operator into the graph under
// construction (fovea/nn/trace.h starts one); no number is computed while a network is written down.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "fovea/core/tensor.h"
#include "fovea/graph/graph.h"

namespace fovea {

class Recorder;

class Value {
 public:
  Value() = default;  // stands for nothing; using it is refused
  Value(Recorder& recorder, Ref ref) : recorder_(&recorder), ref_(ref) {}

  TensorType type() const;
  Shape shape() const { return type().shape; }
  int64_t rank() const { return static_cast<int64_t>(type().shape.size()); }
  int64_t extent(int64_t dimension) const;  // negative ones count from the last: extent(-1) is the number of channels

  Recorder& recorder() const;
  Ref ref() const { return ref_; }

 private:
  Recorder* recorder_ = nullptr;
  Ref ref_;
};

// Element by element; extents of 1 and missing leading dimensions are repeated, as in NumPy.
Value operator+(Value a, Value b);
Value operator-(Value a, Value b);
Value operator*(Value a, Value b);
Value operator/(Value a, Value b);
Value operator+(Value a, double b);
Value operator-(Value a, double b);
Value operator*(Value a, double b);
Value operator/(Value a, double b);
Value operator+(double a, Value b);
Value operator-(double a, Value b);
Value operator*(double a, Value b);
Value operator/(double a, Value b);
Value operator-(Value a);

// Anything that makes a Value of a Value: a layer, a lambda, a function, a network.
template <typename F>
concept ValueFunction = std::is_invocable_r_v<Value, const F&, Value>;

// A callable whose type is forgotten. Copies are the same layer: used again, it shares its parameters.
class Layer {
 public:
  template <ValueFunction F>
  requires(!std::same_as<std::remove_cvref_t<F>, Layer>) Layer(F function)  // NOLINT: a lambda is a layer
      : function_(std::make_shared<const std::function<Value(Value)>>(std::move(function))) {}

  Value operator()(Value x) const { return (*function_)(x); }

 private:
  std::shared_ptr<const std::function<Value(Value)>> function_;
};

// image | conv({...}) | relu: the value passed through.
template <ValueFunction F>
Value operator|(Value x, const F& function) {
  return function(x);
}

// conv({...}) | relu: one layer of two.
template <ValueFunction F, ValueFunction G>
Layer operator|(F first, G second) {
  return Layer([first = std::move(first), second = std::move(second)](Value x) -> Value { return second(first(x)); });
}

// Names what `function` records: its parameters become NAME.conv1.weight. Scopes nest, and a name may itself hold dots.
Layer scope(std::string name, Layer function);

}  // namespace fovea
