// SPDX-License-Identifier: Apache-2.0
// Which network of ours is this? So that weights of other programs' files can be trained on.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "fovea/graph/inference_model.h"
#include "fovea/models/registry.h"
#include "fovea/models/weights/weights.h"

namespace fovea {

struct MatchedNetwork {
  std::string model;                      // a name of the registry
  ModelOptions options;                   // as make_model takes them, complete
  std::map<std::string, Tensor> tensors;  // of that network's parameters and running statistics
};

// The network of the registry whose convolutions and dense layers are those of `model` (float), one after the other: filters,
// strides, groups and padding. A file's batch norms are folded away, so ours get a scale of 1, statistics that change nothing,
// and the bias as shift. None when no network fits. Whether everything between the layers is the same, too, is for the caller
// to try: equal answers.
std::optional<MatchedNetwork> recognized(const InferenceModel& model);

/// The name of the network whose tensors a file of weights holds, by their names and shapes, whatever classes its head tells
/// apart; the first of models() that fits. Empty where none does.
std::string recognized(const WeightFile& file);

}  // namespace fovea
