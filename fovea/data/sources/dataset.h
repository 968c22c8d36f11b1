// SPDX-License-Identifier: Apache-2.0
// Labeled images with random access, and the spec that names one on the command line: kind:path.
//
//     mnist:DIR      the four IDX files of MNIST and of the sets that copy its layout, gzip or not       28x28 gray
//     cifar10:DIR    data_batch_1..5.bin, test_batch.bin                                                 32x32 RGB
//     cifar100:DIR   train.bin, test.bin; fine labels                                                    32x32 RGB
//     images:DIR     DIR/{train,test}/CLASS/*, pictures of any format; `val` serves as `test`; or        any size, RGB
//                    DIR/CLASS/*, of which a fifth of each class is drawn for testing
//     tfrecord:DIR   ImageNet's TFRecord shards, train-* and validation-*                                any size, RGB
//     tar:DIR        WebDataset shards, *train*.tar and *val*.tar (or test): NAME.jpg with NAME.cls or .json
//     csv:FILE       a line path,label each; test.csv beside train.csv                                   any size, RGB
//     NAME: without a path, for mnist, fashion-mnist, cifar10, cifar100 and imagenette: what `fovea data fetch NAME` downloaded
//     PATH           a folder or a list of these, whose kind is told by what is in it
//     digits[:COUNT] drawn by the program itself, COUNT images for training and COUNT / 6 for testing    28x28 gray
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

enum class Split : uint8_t { train, test };
std::string_view name(Split split);

// Images, each with the number of its class: either pixels of one shape, or encoded photographs of any size. Reading is
// thread-safe; of pixels it does not allocate.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t count() const = 0;
  virtual const std::vector<std::string>& class_names() const = 0;
  virtual int32_t label(int64_t index) const = 0;       // in [0, class_names().size())
  virtual std::string image_name(int64_t index) const;  // what messages call it: a file, or "image 7"

  // Of pixels: the extents of every image, and exactly image_shape().size() values of one. Photographs have the extents 0, 0
  // and their number of channels, and read_image() fails.
  virtual ImageShape image_shape() const = 0;
  virtual void read_image(int64_t index, std::span<uint8_t> pixels) const = 0;

  // Of photographs: the file as it was stored, for decode_image(). Fails on data sets of pixels.
  virtual bool encoded() const { return false; }
  virtual void read_bytes(int64_t index, std::vector<std::byte>& bytes) const;
  // How many bytes that gives; -1 where it takes reading them to know.
  virtual int64_t stored_bytes(int64_t) const { return -1; }

  // What the user should know of how the data was found; empty: nothing. Told once.
  virtual std::string remark() const { return {}; }
};

struct PictureSplit;  // fovea/data/sources/picture_split.h

struct DatasetOptions {
  uint64_t seed = 1;  // digits: which endless sequence; class folders without parts: which are drawn
  std::shared_ptr<const PictureSplit> split = nullptr;  // class folders without parts: these, in place of drawn ones
};

// The spec that a word stands for: itself, or the kind and the path of what lies there. Fails on a folder or a file that is
// none of the kinds, saying what it holds and what would be right.
std::string dataset_spec(std::string_view word);

// Whether two specs are of one place, e.g. images:pets and images:./pets/.
bool same_data(std::string_view a, std::string_view b);

// Opens a spec. Refuses an unknown kind (naming the nearest) or a missing path; fails on missing or damaged files.
std::shared_ptr<const Dataset> open_dataset(std::string_view spec, Split split, const DatasetOptions& options = {});

// `count` images of `dataset` from `first` on.
std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, int64_t first, int64_t count);

// Images `images` of `dataset`, in that order; refuses none, and numbers it does not have.
std::shared_ptr<const Dataset> selected(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> images);

// The same images with the classes `names`: class i is now number places[i].
std::shared_ptr<const Dataset> renumbered(std::shared_ptr<const Dataset> dataset, std::vector<std::string> names,
                                          std::vector<int64_t> places);

// Of pixels: what `fovea data` prints and what normalization needs. Exact sums of integers: the order of summation does not
// matter.
struct Statistics {
  std::vector<int64_t> class_counts;
  std::vector<double> mean, deviation;  // a channel each, of pixels / 255; population deviation
};
Statistics statistics(const Dataset& dataset);

}  // namespace fovea
