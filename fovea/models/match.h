// SPDX-License-Identifier: Apache-2.0
/// \file
/// Recognizes which built-in network a model file contains, so that its weights can be trained further.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "fovea/graph/inference_model.h"
#include "fovea/models/registry.h"
#include "fovea/models/weights/weights.h"

namespace fovea {

/// A recognized network.
struct MatchedNetwork {
  std::string model;                      ///< a name of the registry
  ModelOptions options;                   ///< complete, as make_model() takes them
  std::map<std::string, Tensor> tensors;  ///< that network's parameters and running statistics, by name
};

/// The network of the registry whose convolutions and dense layers are those of `model` (float) in order: filters, strides,
/// groups and padding. A file's batch norms are folded, so the network's norms get scale 1, neutral statistics, and the bias as
/// shift. Nothing when no network fits. Whether everything between the layers is the same, too, has to be checked by the
/// caller, by comparing answers.
std::optional<MatchedNetwork> recognized(const InferenceModel& model);

/// The name of the network whose tensors a file of weights holds, by their names and shapes, whatever classes its head tells
/// apart; the first of models() that fits. Empty where none does.
std::string recognized(const WeightFile& file);

}  // namespace fovea
