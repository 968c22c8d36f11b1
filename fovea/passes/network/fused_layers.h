// SPDX-License-Identifier: Apache-2.0
/// \file
/// A folded graph as a list of layers, which correspond to the operators of other runtimes.
///
/// TensorFlow Lite's CONV_2D is our conv with the add of its bias and the relu that follows. Writers of such files and the
/// quantizer work on these layers; an operator with neither bias nor activation is a layer of its own.
#pragma once

#include <string>
#include <vector>

#include "fovea/graph/graph.h"
#include "fovea/graph/inference_model.h"

namespace fovea {

/// A layer: an operator with its bias and activation.
struct FusedLayer {
  Graph::Node node;                 ///< the first operator, with its attributes: "conv", "dense", "add", "max_pool", ...
  std::vector<Ref> inputs;          ///< its operands except weight and bias; for "add" and the like also parameters
  Ref weight = {};                  ///< for conv and dense: an argument of role parameter
  Ref bias = {};                    ///< likewise; the index is -1 without a bias
  std::string activation = "none";  ///< for conv, dense, add, sub, mul: none, relu, relu6 or relu_n1_to_1
  Ref output = {};  ///< the value after bias and activation; the first result, which is the only one that may be used

  /// Whether there is a bias.
  bool has_bias() const { return bias.index >= 0; }
  /// Whether it is a conv or dense layer.
  bool has_weight() const { return weight.index >= 0; }
};

/// The layers of a graph in order. `graph` must be as folded() (fovea/passes/network/folded.h) returns it. A bias or activation
/// is included if nothing else reads the value before it.
std::vector<FusedLayer> fused_layers(const Graph& graph);

/// The tensors of the model's parameters, by the value's index in its graph.
std::map<int32_t, Tensor> parameter_values(const InferenceModel& model);

}  // namespace fovea
