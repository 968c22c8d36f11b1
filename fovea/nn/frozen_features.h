// SPDX-License-Identifier: Apache-2.0
/// \file
/// Cuts a network in two: a frozen part, whose results for an image never change, and a head that is trained on these results.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fovea/nn/trace.h"

namespace fovea {

/// Where a network is cut in two: after operator `operation` of Recorder::operations(), counted from the network's first.
struct FrozenCut {
  int64_t operation = 0;  ///< the number of the operator
  Shape features;         ///< of one image, without the batch
};

/// The last possible cut. Everything after it depends on the image only through the value at the cut, and that value depends
/// only on the image and on parameters whose names fit `frozen` (patterns as in TrainingOptions), so neither dropout nor a
/// batch norm with the batch's statistics comes before it. Returns nothing when there is no such value, and for a network with
/// a form.
std::optional<FrozenCut> frozen_cut(const Network& network, const std::vector<std::string>& frozen);

/// The frozen part as a network with a form, "image" [batch, input...] -> "features" [batch, features...]. Its parameters have
/// the names that they have in the whole network.
Network features_of(const Network& network, const FrozenCut& cut);

/// The head as a network whose image is the features and whose results are the logits. Its parameters have the names that they
/// have in the whole network.
Network head_of(const Network& network, const FrozenCut& cut);

/// Patterns that freeze everything except the last layer with weights: the names of all other parameters.
std::vector<std::string> all_but_head(const Network& network);

/// The names of the scales of all batch norms. A batch norm whose scale is frozen uses its running statistics.
std::vector<std::string> norm_scales(const Network& network);

}  // namespace fovea
