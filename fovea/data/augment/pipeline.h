// SPDX-License-Identifier: Apache-2.0
// From the number of an image to what a network reads: for a photograph decode, crop and resize; then what the
// Augmenter does.
//
// What happens to an image is a function of (seed, epoch, index of the image) and of nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fovea/data/augment/augment.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

class Pipeline {
 public:
  // `shape` is what the network reads; empty is the data set's own, which photographs do not have. Refuses a shape the data set
  // cannot give, and what the Augmenter refuses.
  Pipeline(std::shared_ptr<const Dataset> dataset, ImageShape shape, const Augmentation& augmentation, uint64_t seed);

  ImageShape shape() const { return shape_; }
  const Dataset& dataset() const { return *dataset_; }
  const Augmenter& augmenter() const { return augmenter_; }

  // One worker's memory, used again for every image.
  struct Workspace {
    std::vector<std::byte> bytes;
    Excerpt excerpt;
    Image image;
  };

  // values: shape().size() of them. Fails on a photograph that is damaged.
  void make(int64_t index, int64_t epoch, std::span<float> values, Workspace& workspace) const;

  // The image cropped and resized, before anything of the Augmenter.
  void make_pixels(int64_t index, int64_t epoch, Workspace& workspace) const;

 private:
  void decode(int64_t index, int64_t epoch, Workspace& workspace) const;

  std::shared_ptr<const Dataset> dataset_;
  ImageShape shape_;
  Augmentation augmentation_;
  uint64_t seed_;
  Augmenter augmenter_;
};

}  // namespace fovea
