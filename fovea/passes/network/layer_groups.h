// SPDX-License-Identifier: Apache-2.0
// The operators of a network in groups, each a layer with its bias and activation.
#pragma once

#include <string>
#include <vector>

#include "fovea/dialect/dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

/// A convolution or dense layer whose weight is a parameter, or an element-wise sum, difference or product, with what follows
/// it and reads it alone; or any other operator.
struct LayerGroup {
  mlir::Operation* op = nullptr;          ///< the first
  mlir::Value weight = {};                ///< of a convolution or dense layer
  mlir::Value bias = {};                  ///< a parameter [channels] that is added; null without one
  mlir::Operation* addition = nullptr;    ///< of the bias
  mlir::Operation* activation = nullptr;  ///< null without one
  std::string activation_name = "none";   ///< none, relu, relu6 or relu_n1_to_1

  /// The value after bias and activation.
  mlir::Value output() const;
};

/// The groups in the order of their first operators; operators without use are in none. Fails when a second result is used,
/// which no layer of an inference has.
mlir::FailureOr<std::vector<LayerGroup>> layer_groups(mlir::func::FuncOp main);

/// The name of the activation that an operator is: relu, relu6 (also as a clamp to 0 to 6) or relu_n1_to_1; "" for others.
std::string fused_activation(mlir::Operation* op);

}  // namespace fovea
