// SPDX-License-Identifier: Apache-2.0
/// \file
/// A copy of where a run stands, to which it can go back.
#pragma once

#include <cstddef>
#include <optional>

#include "fovea/inference/metrics.h"
#include "fovea/inference/session.h"
#include "fovea/train/checkpoint.h"

namespace fovea {

/// The values of a run at one moment, in memory.
struct KeptEpoch {
  TensorMap tensors;                  ///< copies of all tensors of the step
  TrainingState state;                ///< the position
  size_t phase = 0;                   ///< the phase that it belongs to
  std::optional<Metrics> evaluation;  ///< of the network on the test split, if it was tested

  /// Copies `values`.
  KeptEpoch(const TensorMap& values, const TrainingState& state, size_t phase, std::optional<Metrics> evaluation);
  /// Writes the copies into the storage of `values`, which are the same tensors.
  void restore(TensorMap& values) const;
};

}  // namespace fovea
