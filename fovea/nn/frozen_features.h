// SPDX-License-Identifier: Apache-2.0
// A network in two: what its frozen part makes of an image, which never changes, and what is trained on that.
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

/// The last value that all which comes after is a function of, and that is itself a function of the image and of parameters
/// that fit `frozen` alone (patterns as in TrainingOptions): no dropout stands before it, and no norm that goes by its batch.
/// None where there is no such value, and of networks with a form.
std::optional<FrozenCut> frozen_cut(const Network& network, const std::vector<std::string>& frozen);

/// "image" [batch, input...] -> "features" [batch, features...]: a network with a form, which has the parameters of the whole.
Network features_of(const Network& network, const FrozenCut& cut);

/// The rest: it reads features as its image, has the parameters of the whole under their names, and gives its logits.
Network head_of(const Network& network, const FrozenCut& cut);

/// Patterns that freeze all but the last layer with weights: for each other parameter its name.
std::vector<std::string> all_but_head(const Network& network);

/// The scales of batch norms, by name: frozen, they make the norms go by their running statistics.
std::vector<std::string> norm_scales(const Network& network);

}  // namespace fovea
