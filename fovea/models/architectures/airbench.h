// SPDX-License-Identifier: Apache-2.0
// airbench94: Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", in the form its recipe with Muon trains. The
// author's names.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

// A 2x2 whitening convolution whose weight is set from the data and never trained, then three groups of two convolutions.
struct AirbenchOptions {
  std::array<int64_t, 3> filters{64, 256, 256};
  int64_t classes = 10;
};
Value airbench(Value image, const AirbenchOptions& options);

std::vector<ModelEntry> airbench_models();

}  // namespace fovea
