// SPDX-License-Identifier: Apache-2.0
/// \file
/// The kinds of data sets behind open_dataset(), each in a file of its own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"

namespace fovea {

/// A data set with all images in memory, one after the other, for small data sets.
class MemoryDataset : public Dataset {
 public:
  /// An empty data set.
  MemoryDataset(ImageShape shape, std::vector<std::string> class_names) : shape_(shape), class_names_(std::move(class_names)) {}
  /// The number of images.
  int64_t count() const override { return static_cast<int64_t>(labels.size()); }
  /// The shape of every image.
  ImageShape image_shape() const override { return shape_; }
  /// The names of the classes.
  const std::vector<std::string>& class_names() const override { return class_names_; }
  /// The class of an image; fails when the index is out of range.
  int32_t label(int64_t index) const override;
  /// Copies the pixels of an image; fails when the index or the size is wrong.
  void read_image(int64_t index, std::span<uint8_t> pixels) const override;

  std::vector<uint8_t> pixels;  ///< count() * image_shape().size() values
  std::vector<int32_t> labels;  ///< one for each image

 private:
  ImageShape shape_;
  std::vector<std::string> class_names_;
};

/// A data set of image files as they are stored.
class EncodedDataset : public Dataset {
 public:
  /// True.
  bool encoded() const override { return true; }
  /// Unknown extents and 3 channels.
  ImageShape image_shape() const override { return {0, 0, 3}; }
  /// Fails, because the pixels are not decoded here.
  void read_image(int64_t index, std::span<uint8_t> pixels) const override;
};

/// The kinds of open_dataset(); see there.
///@{
std::shared_ptr<const Dataset> open_mnist(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_cifar10(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_cifar100(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_folders(const std::filesystem::path& folder, Split split,
                                            const DatasetOptions& options = {});
std::shared_ptr<const Dataset> open_tfrecord(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_tar(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_csv(const std::filesystem::path& list, Split split);
std::shared_ptr<const Dataset> open_digits(uint64_t seed, Split split, int64_t count);
///@}

/// Fails unless `index` is that of an image.
void check_index(const Dataset& dataset, int64_t index);
/// Fails unless `index` is that of an image and `size` is the size of one image.
void check_read(const Dataset& dataset, int64_t index, size_t size);

}  // namespace fovea
