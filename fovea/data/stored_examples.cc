// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/stored_examples.h"

#include <algorithm>
#include <span>

#include "fovea/core/error.h"

namespace fovea {

void StoredExamples::copy(int64_t row, float* target) const {
  std::copy_n(values.data<float>() + row * row_size(), row_size(), target);
}

StoredBatches::StoredBatches(std::shared_ptr<const StoredExamples> examples, int64_t batch, uint64_t seed, int64_t epoch,
                             int64_t first_batch, bool balanced)
    : examples_(std::move(examples)), size_(batch), seed_(seed), balanced_(balanced) {
  if (batch < 1 || batch > examples_->count) refuse("a batch of {} images out of {} that are stored", batch, examples_->count);
  Shape shape = examples_->values.shape();
  shape[0] = batch;
  batch_ = {.image = Tensor(shape, DType::f32), .label = Tensor({batch}, DType::i32), .count = batch};
  seek(epoch, first_batch);
}

void StoredBatches::seek(int64_t epoch, int64_t batch) {
  epoch_ = batch >= batches_per_epoch() ? epoch + 1 : epoch;
  next_ = batch >= batches_per_epoch() ? 0 : batch;
  const std::span labels = std::span(examples_->labels).first(static_cast<size_t>(examples_->count));  // the labels of view 0
  order_ =
      balanced_ ? balanced_order({labels.begin(), labels.end()}, seed_, epoch_) : epoch_order(examples_->count, seed_, epoch_);
}

const Batch& StoredBatches::next() {
  const int64_t view = epoch_ % examples_->views, row = examples_->row_size();
  for (int64_t place = 0; place < size_; ++place) {
    const int64_t from = view * examples_->count + order_[static_cast<size_t>(next_ * size_ + place)];
    examples_->copy(from, batch_.image.data<float>() + place * row);
    batch_.label.data<int32_t>()[place] = examples_->labels[static_cast<size_t>(from)];
  }
  batch_.epoch = epoch_;
  batch_.index = next_;
  if (++next_ == batches_per_epoch()) seek(epoch_, next_);
  return batch_;
}

}  // namespace fovea
