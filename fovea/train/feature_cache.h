// SPDX-License-Identifier: Apache-2.0
// What the frozen part of a network makes of pictures, computed once and kept.
#pragma once

#include <functional>
#include <memory>

#include "fovea/data/stored_examples.h"
#include "fovea/inference/predictor.h"

namespace fovea {

/// Options of a cache of features.
struct FeatureCacheOptions {
  Augmentation augmentation;       ///< of each view; with a random part, view v is what epoch v of a training run would see
  int64_t views = 1;               ///< views of each image
  uint64_t seed = 1;               ///< of the augmentation
  int64_t batch = 32;              ///< images in a batch
  int workers = 0;                 ///< that decode; 0: chosen. Does not change the result
  const char* title = "features";  ///< of the progress that is shown
  std::function<void()> after_batch = {};  ///< called between batches; may throw
};

/// Every picture of `dataset` through `features`, a network of features_of (fovea/nn/frozen_features.h). Of a picture that
/// cannot be read another stands in, as in training, and `damage` names it.
std::shared_ptr<const StoredExamples> cached_features(Predictor& features, std::shared_ptr<const Dataset> dataset,
                                                      const FeatureCacheOptions& options, ThreadPool& threads,
                                                      Progress& progress, CorruptSampleReport& damage);

/// How `head`, a network of head_of with logits, does on view 0 of `examples`.
Metrics evaluate(Predictor& head, const StoredExamples& examples, int64_t batch, ThreadPool& threads);

}  // namespace fovea
