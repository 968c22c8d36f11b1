// SPDX-License-Identifier: Apache-2.0
/// \file
/// Computes what the frozen part of a network returns for all images of a data set, once, and keeps it in memory.
#pragma once

#include <functional>
#include <memory>

#include "fovea/data/stored_examples.h"
#include "fovea/inference/predictor.h"

namespace fovea {

/// The options of cached_features().
struct FeatureCacheOptions {
  Augmentation augmentation;       ///< of each view; if it is random, view v is what epoch v of a training run would see
  int64_t views = 1;               ///< views of each image
  uint64_t seed = 1;               ///< of the augmentation
  int64_t batch = 32;              ///< images in a batch
  int workers = 0;                 ///< threads that decode; 0: chosen; does not change the result
  const char* title = "features";  ///< of the progress that is shown; a string that outlives the call
  std::function<void()> after_batch = {};  ///< called between batches; may throw
};

/// Runs every image of `dataset` through `features`, a network from features_of() (fovea/nn/frozen_features.h). An image that
/// cannot be read is replaced by another, as in training, and reported in `damage`. Fails when a feature is not finite.
std::shared_ptr<const StoredExamples> cached_features(Predictor& features, std::shared_ptr<const Dataset> dataset,
                                                      const FeatureCacheOptions& options, ThreadPool& threads,
                                                      Progress& progress, CorruptSampleReport& damage);

/// Evaluates `head`, a network from head_of() that returns logits, on view 0 of `examples`. Fails when an answer is not finite.
Metrics evaluate(Predictor& head, const StoredExamples& examples, int64_t batch, ThreadPool& threads);

}  // namespace fovea
