// SPDX-License-Identifier: Apache-2.0
// Examples that are kept in memory as a network reads them, in batches for training.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/data/loader.h"

namespace fovea {

/// `views` views of each of `count` images: view v of image i is row v * count + i.
struct StoredExamples {
  Tensor values;                ///< f32 [views * count, ...]
  std::vector<int32_t> labels;  ///< of each row
  int64_t count = 0;            ///< number of images
  int64_t views = 1;            ///< views of each image

  /// Numbers in a row.
  int64_t row_size() const { return values.size() / (count * views); }
  /// Copies row `row` to `target`, which has room for row_size() numbers.
  void copy(int64_t row, float* target) const;
};

/// Shuffled as Loader shuffles, by (seed, epoch); in epoch e each image is seen as its view e % views. The last, smaller batch
/// of an epoch is left out.
class StoredBatches : public BatchSource {
 public:
  /// The stream starts at `epoch` and `batch`; `balanced`: every class as often in an epoch, as Loader has it. Refuses batches
  /// larger than `examples`.
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
  std::vector<int64_t> order_;  // of epoch_
  Batch batch_;
};

}  // namespace fovea
