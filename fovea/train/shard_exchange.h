// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the shards of a training step have in common: their gradients, running statistics, losses and counts are summed in one
/// order (fovea/collective/shard_sum.h), whoever computes them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fovea/collective/shard_sum.h"
#include "fovea/collective/shards.h"
#include "fovea/core/tensor.h"
#include "fovea/data/loader.h"
#include "fovea/inference/session.h"

namespace fovea {

/// What a step, a shard, or a part of one gave.
struct StepResult {
  double loss_sum = 0;                  ///< over the images
  int64_t correct = 0;                  ///< images with the right answer
  int64_t images = 0;                   ///< images of the step
  std::vector<CorruptSample> damaged;   ///< images that were replaced by others
  double seconds = 0;                   ///< of all kernels of this process, when they are timed
  double repeated_seconds = 0;          ///< of the kernels that are repeated to fit the memory
  std::optional<NotFinite> not_finite;  ///< the first one, when it was searched for
};

/// The sums of one step over its shards. For each step: begin_step(); for each shard of this process, in order, begin_shard(),
/// its computation, end_shard(); then finish(). One thread at a time.
class ShardExchange {
 public:
  /// `gradients` are added up within a shard and summed over the shards; `kept` are running statistics, of which each shard
  /// starts from the same ones and whose mean over the shards remains. All are f32, and their storage is read and written in
  /// place. `processes` must outlive the object.
  ShardExchange(Communicator& processes, int64_t shards, TensorMap gradients, TensorMap kept);

  /// The shards that this process computes.
  ShardRun own() const { return shards_of(shards_, processes_.rank(), processes_.size()); }
  /// Remembers the running statistics.
  void begin_step();
  /// Sets the gradients to zero and the running statistics to what they were when the step began.
  void begin_shard();
  /// Adds the gradients and the running statistics as they are now, and the numbers of `result`.
  void end_shard(int64_t shard, const StepResult& result);
  /// Sets gradients and running statistics to the result of all shards, and the numbers and remarks of `result`, which holds
  /// those of this process, to those of all processes. With `checked`, not_finite becomes that of the first process that has
  /// one.
  void finish(StepResult& result, bool checked);

  /// Bytes that it takes beside the tensors.
  int64_t bytes() const;

 private:
  void share_remarks(StepResult& result);

  Communicator& processes_;
  int64_t shards_, length_ = 0;
  std::vector<Tensor> gradients_, kept_, kept_before_;
  std::vector<float> packed_;
  ShardSum<float> sum_;
  ShardSum<double> numbers_;
};

}  // namespace fovea
