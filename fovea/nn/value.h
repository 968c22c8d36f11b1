// SPDX-License-Identifier: Apache-2.0
/// \file
/// What networks are written with: Values, arithmetic on them, and layers joined by `|`.
///
/// A Value stands for a tensor that a compiled program will compute. Using it records an operator into the graph under
/// construction (fovea/nn/trace.h starts one); no numbers are computed while a network is recorded.
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

/// A tensor of the graph under construction. Cheap to copy; valid as long as its Recorder.
class Value {
 public:
  /// Stands for nothing; using it is refused.
  Value() = default;
  /// For recorders and operators.
  Value(Recorder& recorder, Ref ref) : recorder_(&recorder), ref_(ref) {}

  /// Shape and element type.
  TensorType type() const;
  /// The extents.
  Shape shape() const { return type().shape; }
  /// The number of dimensions.
  int64_t rank() const { return static_cast<int64_t>(type().shape.size()); }
  int64_t extent(int64_t dimension) const;  ///< Negative dimensions count from the last: extent(-1) is the number of channels.

  /// The recorder of the graph.
  Recorder& recorder() const;
  /// The value's reference in the graph.
  Ref ref() const { return ref_; }

 private:
  Recorder* recorder_ = nullptr;
  Ref ref_;
};

/// Element-wise arithmetic. Extents of 1 and missing leading dimensions are repeated, as in NumPy.
///@{
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
///@}

/// Anything that makes a Value from a Value: a layer, a lambda, a function, a network.
template <typename F>
concept ValueFunction = std::is_invocable_r_v<Value, const F&, Value>;

/// A callable of any type. Copies are the same layer: used again, it shares its parameters.
class Layer {
 public:
  /// Wraps any callable from Value to Value.
  template <ValueFunction F>
  requires(!std::same_as<std::remove_cvref_t<F>, Layer>) Layer(F function)  // NOLINT: a lambda is a layer
      : function_(std::make_shared<const std::function<Value(Value)>>(std::move(function))) {}

  /// Records the layer.
  Value operator()(Value x) const { return (*function_)(x); }

 private:
  std::shared_ptr<const std::function<Value(Value)>> function_;
};

/// The value passed through a layer: image | conv({...}) | relu.
template <ValueFunction F>
Value operator|(Value x, const F& function) {
  return function(x);
}

/// Two layers as one: conv({...}) | relu.
template <ValueFunction F, ValueFunction G>
Layer operator|(F first, G second) {
  return Layer([first = std::move(first), second = std::move(second)](Value x) -> Value { return second(first(x)); });
}

/// Names what `function` records: its parameters become NAME.conv1.weight. Scopes nest, and a name may itself contain dots.
Layer scope(std::string name, Layer function);

}  // namespace fovea
