// SPDX-License-Identifier: Apache-2.0
// A folded graph as a list of layers: what the runtimes of the world call an operator.
//
// TensorFlow Lite's CONV_2D is our conv, the add of its bias and the relu after it. Writers of such files and the quantizer
// take layers from here; what has neither bias nor activation is a layer of one operator.
#pragma once

#include <string>
#include <vector>

#include "fovea/graph/graph.h"
#include "fovea/graph/inference_model.h"

namespace fovea {

struct FusedLayer {
  Graph::Node node;                 // the first operator, with its attributes: "conv", "dense", "add", "max_pool", ...
  std::vector<Ref> inputs;          // what it reads but weight and bias; of "add" and the like parameters, too
  Ref weight = {}, bias = {};       // of conv and dense: arguments of role parameter; bias has index -1 where there is none
  std::string activation = "none";  // of conv, dense, add, sub, mul: none, relu, relu6 or relu_n1_to_1
  Ref output = {};                  // after bias and activation; the first result, the only one that may be read

  bool has_bias() const { return bias.index >= 0; }
  bool has_weight() const { return weight.index >= 0; }
};

// In order. `graph` is as folded() (fovea/graph/rewrite/folding.h) leaves it. A bias or activation is taken in where nobody
// else reads what is before it.
std::vector<FusedLayer> fused_layers(const Graph& graph);

// The tensors of the model's parameters by the value's number in its graph.
std::map<int32_t, Tensor> parameter_values(const InferenceModel& model);

}  // namespace fovea
