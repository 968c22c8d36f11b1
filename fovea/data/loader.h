// SPDX-License-Identifier: Apache-2.0
/// \file
/// Batches for training and evaluation, which threads prepare while earlier ones are worked on.
///
/// The stream of batches is endless: epoch after epoch, each in an order that is a function of (seed, epoch). An option says
/// where it starts, so that a resumed run gets exactly the batches that the interrupted one would have got. Neither the number
/// of threads nor their speed changes a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/data/augment/augment.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

/// An image that could not be read.
struct CorruptSample {
  int64_t image = 0;    ///< its index in the data set
  std::string message;  ///< says which image and what is wrong with it
};

/// A batch of images as the network reads them.
struct Batch {
  Tensor image;         ///< f32 [count, height, width, channels]
  Tensor label;         ///< i32 [count]; for mixed images, the label with the larger weight
  Tensor second_label;  ///< i32 [count]; for mixed images (Augmentation::mixing) the other label, else empty
  Tensor label_weight;  ///< f32 [count]; for mixed images the weight of `label`, where second_label has the rest; else empty
  /// The corrupt images of this batch. Each is replaced by the next image of the data set that can be read, with its label.
  std::vector<CorruptSample> damaged;
  int64_t count = 0;  ///< the batch size; less for the last batch of an epoch that does not divide
  int64_t epoch = 0;  ///< from 0
  int64_t index = 0;  ///< within the epoch, from 0
};

/// The part of the batches that one of several processes reads: of each group of `group` successive batches, counted from the
/// start of an epoch, those from number `begin` to before number `end`.
struct BatchShare {
  int64_t group = 1;  ///< batches of a group
  int64_t begin = 0;  ///< the first one that is read
  int64_t end = 1;    ///< after the last one that is read
};

/// What batches consist of, and how they are prepared.
struct LoaderOptions {
  int64_t batch = 128;     ///< images in a batch
  bool shuffle = false;    ///< a new order in every epoch; false is the order of the data set
  bool balanced = false;   ///< with shuffle: every class is equally frequent in an epoch; see balanced_order()
  bool drop_last = false;  ///< leaves out the last, smaller batch of an epoch (training); false returns it smaller (evaluation)
  uint64_t seed = 0;       ///< of the order and of all augmentation
  ImageShape shape;        ///< what the network reads; empty is the data set's own, which data sets of files do not have
  Augmentation augmentation;  ///< of each image
  Mixing mixing;              ///< of images in pairs, after everything else
  int64_t first_epoch = 0;    ///< the epoch that the stream starts with
  int64_t first_batch = 0;    ///< where the stream starts within that epoch
  BatchShare share = {};      ///< the batches that are read; the others are passed over, and none changes by that
  int64_t prefetch = 3;       ///< batches that are ready or being prepared
  int workers = 0;            ///< threads; 0: one for data sets of pixels, one for each processor for data sets of files
};

/// An endless stream of batches, epoch after epoch.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual int64_t batches_per_epoch() const = 0;  ///< The number of batches in an epoch.
  /// The next batch; its buffers are valid until the next call.
  virtual const Batch& next() = 0;
  /// Makes this batch the next one. `batch` may be batches_per_epoch(), which is the start of the next epoch.
  virtual void seek(int64_t epoch, int64_t batch) = 0;
};

/// Loads the batches of a data set, in threads of its own. It is used by one thread at a time.
class Loader : public BatchSource {
 public:
  /// Starts the threads. Refuses a batch below 1, one larger than the data set when smaller batches are dropped, and a share
  /// without a batch in an epoch.
  Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options);
  ~Loader() override;
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t batches_per_epoch() const override;  ///< The number of batches in an epoch.
  int64_t images_per_epoch() const;  ///< Images in an epoch: fewer than the data set has when the last batch is dropped.
  /// The data set; valid as long as this object.
  const Dataset& dataset() const;

  /// The next batch, valid until the next call. Errors of the threads are thrown here, in their place in the order. Fails when
  /// every image is corrupt.
  const Batch& next() override;
  void seek(int64_t epoch, int64_t batch) override;

 private:
  class Workers;
  std::unique_ptr<Workers> workers_;
};

/// The order of an epoch: a Fisher-Yates shuffle of 0..count-1 drawn from (seed, epoch).
std::vector<int64_t> epoch_order(int64_t count, uint64_t seed, int64_t epoch);

/// The order of an epoch in which every class is equally frequent, to within one image, drawn from (seed, epoch). It has as
/// many entries as there are labels. The images of a class are drawn without repetition until all of them have been drawn, so
/// those of small classes come several times, and some of large classes not at all. A class without images is left out.
std::vector<int64_t> balanced_order(const std::vector<int32_t>& labels, uint64_t seed, int64_t epoch);

}  // namespace fovea
