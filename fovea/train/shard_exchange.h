// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the shards of a training step have in common: their gradients, running statistics, losses and counts are summed in one
/// order (fovea/collective/shard_sum.h), whoever computes them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "fovea/collective/shard_sum.h"
#include "fovea/collective/shards.h"
#include "fovea/collective/step_plan.h"
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
///
/// While the last shard of this process is computed, kernels_done() may say how far that is. Sums of gradients that are final
/// are then exchanged by another thread in the meantime. They are exchanged in buckets, whose order is the same in all
/// processes and does not change what is added to what.
class ShardExchange {
 public:
  /// `gradients` are added up within a shard and summed over the shards; `kept` are running statistics, of which each shard
  /// starts from the same ones and whose mean over the shards remains. All are f32, and their storage is read and written in
  /// place. `processes` must outlive the object.
  ShardExchange(Communicator& processes, int64_t shards, TensorMap gradients, TensorMap kept);
  ShardExchange(const ShardExchange&) = delete;
  ShardExchange& operator=(const ShardExchange&) = delete;
  /// Waits for an exchange that another thread has begun.
  ~ShardExchange();

  /// Divides the tensors, all of which have to be listed, into buckets. Every process has to call it once, before the first
  /// step; process 0 determines the buckets, and the kernels of each process when they are final.
  void plan_buckets(std::span<const StepProfile::Gradient> tensors);
  /// The shards that this process computes.
  ShardRun own() const { return shards_of(shards_, processes_.rank(), processes_.size()); }
  /// Remembers the running statistics.
  void begin_step();
  /// Sets the gradients to zero and the running statistics to what they were when the step began.
  void begin_shard();
  /// Adds the gradients and the running statistics as they are now, and the numbers of `result`.
  void end_shard(int64_t shard, const StepResult& result);
  /// Says that so many kernel calls of the last part of the last shard of this process are done. The tensors that they have
  /// written for the last time must not change before finish().
  void kernels_done(size_t count);
  /// Sets gradients and running statistics to the result of all shards, and the numbers and remarks of `result`, which holds
  /// those of this process, to those of all processes. With `checked`, not_finite becomes that of the first process that has
  /// one.
  void finish(StepResult& result, bool checked);

  /// Bytes that it takes beside the tensors.
  int64_t bytes() const;

 private:
  struct Summed {
    Tensor tensor;
    bool mean = false;  // over the shards
  };
  struct SummedBucket {
    std::vector<Summed> tensors;
    size_t kernel = 0;          // the last one that writes one of them
    std::vector<float> packed;  // all of them
    ShardSum<float> sum;
    std::span<const float> result = {};
  };

  void add(SummedBucket& bucket, int64_t shard);
  void hand_over(size_t count);
  void exchange_buckets();
  void join();
  void share_remarks(StepResult& result);

  Communicator& processes_;
  int64_t shards_, length_ = 0;
  TensorMap gradients_, kept_;
  std::vector<Tensor> kept_before_;
  std::vector<SummedBucket> buckets_;
  ShardSum<double> numbers_;

  std::thread thread_;               // exchanges the buckets before handed_over_, while others are computed
  std::mutex mutex_;                 // of the next three
  std::condition_variable changed_;  // one of the next two
  size_t handed_over_ = 0;
  bool complete_ = false;  // nothing more is handed over
  std::exception_ptr error_;
};

}  // namespace fovea
