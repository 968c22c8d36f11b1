// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/kept_epoch.h"

#include <cstring>
#include <utility>

namespace fovea {

KeptEpoch::KeptEpoch(const TensorMap& values, const TrainingState& at, size_t in_phase, std::optional<Metrics> tested)
    : state(at), phase(in_phase), evaluation(std::move(tested)) {
  for (const auto& [name, tensor] : values) tensors[name] = tensor.clone();
}

void KeptEpoch::restore(TensorMap& values) const {
  for (auto& [name, tensor] : values) std::memcpy(tensor.raw(), tensors.at(name).raw(), tensor.bytes());
}

}  // namespace fovea
