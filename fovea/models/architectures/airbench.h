// SPDX-License-Identifier: Apache-2.0
/// \file
/// airbench94: Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", in the form that its recipe with Muon trains.
/// Parameters have the author's names.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of airbench.
struct AirbenchOptions {
  std::array<int64_t, 3> filters{64, 256, 256};  ///< channels of the three groups
  int64_t classes = 10;                          ///< of the logits
};
/// A 2x2 whitening convolution, whose weight is set from the data and never trained, then three groups of two convolutions.
/// image [batch, 32, 32, 3] -> logits [batch, classes].
Value airbench(Value image, const AirbenchOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> airbench_models();

}  // namespace fovea
