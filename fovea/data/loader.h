// SPDX-License-Identifier: Apache-2.0
// Batches for training and evaluation, prepared by threads of their own while the last one is worked on.
//
// The stream of batches is endless: epoch after epoch, each in an order that is a function of (seed, epoch). Where it starts is
// an option, so that a resumed run sees exactly the batches the interrupted one would have seen. Neither the number of threads
// nor their speed changes a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/data/augment/augment.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

// A photograph that could not be read, and what stands in its place.
struct CorruptSample {
  int64_t image = 0;
  std::string message;  // names it
};

struct Batch {
  Tensor image;  // f32 [count, height, width, channels]
  Tensor label;  // i32 [count]; of mixed images the dominant one
  // Of mixed images (Augmentation::mixing), else empty: image i is of label[i] with label_weight[i], of second_label[i] with
  // the rest.
  Tensor second_label;  // i32 [count]
  Tensor label_weight;  // f32 [count]
  // Photographs of this batch that were damaged: the next one of the data set that is whole stands in for each, with its label.
  std::vector<CorruptSample> damaged;
  int64_t count = 0;  // the batch size, less for the last batch of an epoch that does not divide
  int64_t epoch = 0;
  int64_t index = 0;  // within the epoch
};

struct LoaderOptions {
  int64_t batch = 128;
  bool shuffle = false;   // a new order every epoch; false is the order of the data set
  bool balanced = false;  // with shuffle: every class as often in an epoch, by images that come again or wait for another epoch
  bool drop_last = false;  // leave out the last, smaller batch of an epoch (training); false returns it smaller (evaluation)
  uint64_t seed = 0;
  ImageShape shape;  // what the network reads; empty is the data set's own, which photographs do not have
  Augmentation augmentation;
  Mixing mixing;            // of images in pairs, after everything else
  int64_t first_epoch = 0;  // where the stream starts
  int64_t first_batch = 0;
  int64_t prefetch = 3;  // batches ready or in the making
  int workers = 0;       // threads; 0: one for pixels, one for each processor for photographs
};

// An endless stream of batches, epoch after epoch.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual int64_t batches_per_epoch() const = 0;
  // The next batch; its buffers are valid until the next call.
  virtual const Batch& next() = 0;
  // The next batch is this one. `batch` may be batches_per_epoch(), the start of the next epoch.
  virtual void seek(int64_t epoch, int64_t batch) = 0;
};

class Loader : public BatchSource {
 public:
  // Refuses a batch below 1, or one larger than the data set when the smaller batch is dropped.
  Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options);
  ~Loader() override;
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t batches_per_epoch() const override;
  int64_t images_per_epoch() const;  // less than the data set's count when the last batch is dropped
  const Dataset& dataset() const;

  // Rethrows what went wrong in the threads, in its place of the order. Fails when every photograph is damaged.
  const Batch& next() override;
  void seek(int64_t epoch, int64_t batch) override;

 private:
  class Workers;
  std::unique_ptr<Workers> workers_;
};

// The order of an epoch: a Fisher-Yates shuffle of 0..count-1 drawn from (seed, epoch).
std::vector<int64_t> epoch_order(int64_t count, uint64_t seed, int64_t epoch);

// The same of an epoch that has every class as often, to within one image: as many images as there are labels, of each class
// drawn without repetition until all of it were there. A class without images is left out.
std::vector<int64_t> balanced_order(const std::vector<int32_t>& labels, uint64_t seed, int64_t epoch);

}  // namespace fovea
