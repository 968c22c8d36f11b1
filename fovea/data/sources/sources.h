// SPDX-License-Identifier: Apache-2.0
// The kinds of data set behind open_dataset(), a file each.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"

namespace fovea {

// All images in memory, back to back: what the small data sets are.
class MemoryDataset : public Dataset {
 public:
  MemoryDataset(ImageShape shape, std::vector<std::string> class_names) : shape_(shape), class_names_(std::move(class_names)) {}
  int64_t count() const override { return static_cast<int64_t>(labels.size()); }
  ImageShape image_shape() const override { return shape_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int32_t label(int64_t index) const override;
  void read_image(int64_t index, std::span<uint8_t> pixels) const override;

  std::vector<uint8_t> pixels;  // count() * image_shape().size()
  std::vector<int32_t> labels;

 private:
  ImageShape shape_;
  std::vector<std::string> class_names_;
};

// Photographs as they are stored.
class EncodedDataset : public Dataset {
 public:
  bool encoded() const override { return true; }
  ImageShape image_shape() const override { return {0, 0, 3}; }
  void read_image(int64_t index, std::span<uint8_t> pixels) const override;
};

std::shared_ptr<const Dataset> open_mnist(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_cifar10(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_cifar100(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_folders(const std::filesystem::path& folder, Split split,
                                            const DatasetOptions& options = {});
std::shared_ptr<const Dataset> open_tfrecord(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_tar(const std::filesystem::path& folder, Split split);
std::shared_ptr<const Dataset> open_csv(const std::filesystem::path& list, Split split);
std::shared_ptr<const Dataset> open_digits(uint64_t seed, Split split, int64_t count);

// Fails unless `index` is one of the data set's.
void check_index(const Dataset& dataset, int64_t index);
// Fails unless `index` is one of the data set's and `size` is the room for one image.
void check_read(const Dataset& dataset, int64_t index, size_t size);

}  // namespace fovea
