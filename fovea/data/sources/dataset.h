// SPDX-License-Identifier: Apache-2.0
/// \file
/// Labeled images with random access, and the spec that names one on the command line: kind:path.
///
///     mnist:DIR      the four IDX files of MNIST and of the sets that copy its layout, gzip or not       28x28 gray
///     cifar10:DIR    data_batch_1..5.bin, test_batch.bin                                                 32x32 RGB
///     cifar100:DIR   train.bin, test.bin; fine labels                                                    32x32 RGB
///     images:DIR     DIR/{train,test}/CLASS/*, pictures of any format; `val` serves as `test`; or        any size, RGB
///                    DIR/CLASS/*, of which a fifth of each class is drawn for testing
///     tfrecord:DIR   ImageNet's TFRecord shards, train-* and validation-*                                any size, RGB
///     tar:DIR        WebDataset shards, *train*.tar and *val*.tar (or test): NAME.jpg with NAME.cls or .json
///     csv:FILE       a line path,label for each image; test.csv beside train.csv                         any size, RGB
///     NAME:          without a path: the mnist, fashion-mnist, cifar10, cifar100 or imagenette that `fovea data fetch NAME`
///     downloaded PATH           a folder or a list, whose kind is recognized by its content digits[:COUNT] drawn by the
///     library itself, COUNT images for training and COUNT / 6 for testing    28x28 gray
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/data/image/image.h"

namespace fovea {

/// Which part of a data set.
enum class Split : uint8_t { train, test };
/// "train" or "test".
std::string_view name(Split split);

/// Images, each with the number of its class. They are either pixels of one shape, or image files of any size. Reading is
/// thread-safe; reading pixels does not allocate.
class Dataset {
 public:
  /// Closes the files.
  virtual ~Dataset() = default;
  /// The number of images.
  virtual int64_t count() const = 0;
  /// The names of the classes; valid as long as this object.
  virtual const std::vector<std::string>& class_names() const = 0;
  virtual int32_t label(int64_t index) const = 0;       ///< The class of an image, in [0, class_names().size()).
  virtual std::string image_name(int64_t index) const;  ///< What messages call it: a file, or "image 7".

  /// The shape of every image, or 0, 0 and the number of channels for a data set of image files.
  virtual ImageShape image_shape() const = 0;
  /// Copies the image_shape().size() pixels of an image. Fails for a data set of image files.
  virtual void read_image(int64_t index, std::span<uint8_t> pixels) const = 0;

  /// Whether the images are files, for read_bytes() and decode_image().
  virtual bool encoded() const { return false; }
  /// The image file as it is stored. Fails for a data set of pixels.
  virtual void read_bytes(int64_t index, std::vector<std::byte>& bytes) const;
  /// The number of bytes that read_bytes() returns for an image; -1 when it is not known without reading them.
  virtual int64_t stored_bytes(int64_t) const { return -1; }

  /// What the user should know about how the data was found; empty when there is nothing to say. It is printed once.
  virtual std::string remark() const { return {}; }
};

struct PictureSplit;

/// Options of open_dataset().
struct DatasetOptions {
  uint64_t seed = 1;  ///< digits: selects the endless sequence; class folders without parts: of the drawn split
  std::shared_ptr<const PictureSplit> split = nullptr;  ///< class folders without parts: this split, in place of a drawn one
};

/// The spec that a word of the command line stands for: the word itself if it begins with a kind, else the kind and the path of
/// the folder or list that it names. Fails on a folder or a file that is of no known kind, and says what it contains and what
/// would be right.
std::string dataset_spec(std::string_view word);

/// Whether two specs name the same place, such as images:pets and images:./pets/.
bool same_data(std::string_view a, std::string_view b);

/// Opens a spec. Refuses an unknown kind (with the nearest known one) and a missing path; fails on missing or corrupt files.
std::shared_ptr<const Dataset> open_dataset(std::string_view spec, Split split, const DatasetOptions& options = {});

/// `count` images of `dataset` from `first` on.
std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, int64_t first, int64_t count);

/// The images of `dataset` with these indices, in this order. Refuses an empty list, and an index that the data set does not
/// have.
std::shared_ptr<const Dataset> selected(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> images);

/// The same images with the classes `names`: class i becomes number places[i].
std::shared_ptr<const Dataset> renumbered(std::shared_ptr<const Dataset> dataset, std::vector<std::string> names,
                                          std::vector<int64_t> places);

/// Statistics of a data set of pixels, which `fovea data` prints and normalization needs. Sums are exact integers, so the order
/// of summation does not matter.
struct Statistics {
  std::vector<int64_t> class_counts;  ///< images of each class
  std::vector<double> mean;           ///< for each channel, of pixels / 255
  std::vector<double> deviation;      ///< standard deviation of the population for each channel, of pixels / 255
};
/// Reads all images once.
Statistics statistics(const Dataset& dataset);

}  // namespace fovea
