// SPDX-License-Identifier: Apache-2.0
/// \file
/// From the index of an image to what a network reads: an image file is decoded, cropped and resized; then the Augmenter does
/// its part.
///
/// What happens to an image is a function of (seed, epoch, index of the image) alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fovea/data/augment/augment.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

/// Prepares images of one data set. Several threads may use it, each with a Workspace of its own.
class Pipeline {
 public:
  /// `shape` is what the network reads; empty is the data set's own, which data sets of files do not have. Refuses a shape that
  /// the data set cannot give, and what the Augmenter refuses.
  Pipeline(std::shared_ptr<const Dataset> dataset, ImageShape shape, const Augmentation& augmentation, uint64_t seed);

  /// What the network reads.
  ImageShape shape() const { return shape_; }
  /// The data set; valid as long as this object.
  const Dataset& dataset() const { return *dataset_; }
  /// The second part of the work; valid as long as this object.
  const Augmenter& augmenter() const { return augmenter_; }

  /// The memory of one thread, reused for every image.
  struct Workspace {
    std::vector<std::byte> bytes;  ///< the file
    Excerpt excerpt;               ///< the decoded part
    Image image;                   ///< resized
  };

  /// Prepares an image. `values` has shape().size() elements. Fails on a corrupt image.
  void make(int64_t index, int64_t epoch, std::span<float> values, Workspace& workspace) const;

  /// The image cropped and resized into `workspace.image`, before the Augmenter.
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
