// SPDX-License-Identifier: Apache-2.0
/// \file
/// Examples that are kept in memory in the form that a network reads, and batches of them for training.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/data/loader.h"

namespace fovea {

/// `views` views of each of `count` images. View v of image i is row v * count + i.
struct StoredExamples {
  Tensor values;                ///< f32 [views * count, ...]
  std::vector<int32_t> labels;  ///< of each row
  int64_t count = 0;            ///< number of images
  int64_t views = 1;            ///< views of each image

  /// The number of values in a row.
  int64_t row_size() const { return values.size() / (count * views); }
  /// Copies row `row` to `target`, which has room for row_size() values.
  void copy(int64_t row, float* target) const;
};

/// Batches of stored examples in the order in which Loader shuffles, which is a function of (seed, epoch). Epoch e consists of
/// view e % views of each image. The last, smaller batch of an epoch is left out. One thread at a time.
class StoredBatches : public BatchSource {
 public:
  /// The stream starts at `epoch` and `first_batch`. With `balanced`, every class is equally frequent in an epoch
  /// (balanced_order()). Refuses a batch below 1 or above the number of images.
  StoredBatches(std::shared_ptr<const StoredExamples> examples, int64_t batch, uint64_t seed, int64_t epoch = 0,
                int64_t first_batch = 0, bool balanced = false);

  int64_t batches_per_epoch() const override { return examples_->count / size_; }
  const Batch& next() override;
  void seek(int64_t epoch, int64_t batch) override;

 private:
  std::shared_ptr<const StoredExamples> examples_;
  int64_t size_;
  uint64_t seed_;
  bool balanced_;
  int64_t epoch_ = 0, next_ = 0;
  std::vector<int64_t> order_;  // the order of epoch_
  Batch batch_;
};

}  // namespace fovea
