// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the tensors of a training step start from: a checkpoint, trained weights, or initial values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/inference/session.h"
#include "fovea/nn/trace.h"
#include "fovea/runtime/thread_pool.h"
#include "fovea/train/recipe.h"
#include "fovea/train/trainer.h"

namespace fovea {

/// Where the values of a run come from. The references must outlive the object. One thread at a time.
class StartValues {
 public:
  /// Of a run by `recipe` that trains `network` on `train`.
  StartValues(const Recipe& recipe, const Network& network, std::shared_ptr<const Dataset> train, const TrainOptions& options);

  /// Values for each of `specs`, the tensors of the step of a phase. `saved` are those of a checkpoint or of the phase before;
  /// none: the run begins. When a phase begins, the network is as the previous phase left it, but the optimizer's state and the
  /// averages are new. Fails when `saved` lacks a tensor.
  TensorMap fill(const std::vector<ParameterSpec>& specs, const TensorMap& saved, bool phase_begins, ThreadPool& threads,
                 Progress& progress) const;

 private:
  void start_network(TensorMap& tensors, ThreadPool& threads, Progress& progress) const;
  void start_from_weights(TensorMap& tensors, ThreadPool& threads, Progress& progress) const;

  const Recipe& recipe_;
  const Network& network_;
  std::shared_ptr<const Dataset> train_;
  const TrainOptions& options_;
  std::vector<ParameterSpec> network_parameters_;
};

}  // namespace fovea
