// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/sources/dataset.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/settings.h"
#include "fovea/data/sources/sources.h"

namespace fovea {
namespace {

class Subset : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> whole, int64_t first, int64_t count)
      : whole_(std::move(whole)), first_(first), count_(count) {}
  int64_t count() const override { return count_; }
  ImageShape image_shape() const override { return whole_->image_shape(); }
  const std::vector<std::string>& class_names() const override { return whole_->class_names(); }
  int32_t label(int64_t index) const override { return whole_->label(first_ + checked(index)); }
  void read_image(int64_t index, std::span<uint8_t> pixels) const override {
    whole_->read_image(first_ + checked(index), pixels);
  }
  std::string image_name(int64_t index) const override { return whole_->image_name(first_ + checked(index)); }
  bool encoded() const override { return whole_->encoded(); }
  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override {
    whole_->read_bytes(first_ + checked(index), bytes);
  }
  int64_t stored_bytes(int64_t index) const override { return whole_->stored_bytes(first_ + checked(index)); }

 private:
  int64_t checked(int64_t index) const {
    if (index < 0 || index >= count_) fail("there is no image {} in a subset of {}", index, count_);
    return index;
  }

  std::shared_ptr<const Dataset> whole_;
  int64_t first_, count_;
};

class Selected : public Dataset {
 public:
  Selected(std::shared_ptr<const Dataset> whole, std::vector<int64_t> images)
      : whole_(std::move(whole)), images_(std::move(images)) {}
  int64_t count() const override { return std::ssize(images_); }
  ImageShape image_shape() const override { return whole_->image_shape(); }
  const std::vector<std::string>& class_names() const override { return whole_->class_names(); }
  int32_t label(int64_t index) const override { return whole_->label(place(index)); }
  void read_image(int64_t index, std::span<uint8_t> pixels) const override { whole_->read_image(place(index), pixels); }
  std::string image_name(int64_t index) const override { return whole_->image_name(place(index)); }
  bool encoded() const override { return whole_->encoded(); }
  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override { whole_->read_bytes(place(index), bytes); }
  int64_t stored_bytes(int64_t index) const override { return whole_->stored_bytes(place(index)); }

 private:
  int64_t place(int64_t index) const {
    if (index < 0 || index >= count()) fail("there is no image {} in a selection of {}", index, count());
    return images_[static_cast<size_t>(index)];
  }

  std::shared_ptr<const Dataset> whole_;
  std::vector<int64_t> images_;
};

class Renumbered : public Dataset {
 public:
  Renumbered(std::shared_ptr<const Dataset> whole, std::vector<std::string> names, std::vector<int64_t> places)
      : whole_(std::move(whole)), names_(std::move(names)), places_(std::move(places)) {}
  int64_t count() const override { return whole_->count(); }
  ImageShape image_shape() const override { return whole_->image_shape(); }
  const std::vector<std::string>& class_names() const override { return names_; }
  int32_t label(int64_t index) const override {
    return static_cast<int32_t>(places_[static_cast<size_t>(whole_->label(index))]);
  }
  void read_image(int64_t index, std::span<uint8_t> pixels) const override { whole_->read_image(index, pixels); }
  std::string image_name(int64_t index) const override { return whole_->image_name(index); }
  bool encoded() const override { return whole_->encoded(); }
  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override { whole_->read_bytes(index, bytes); }
  int64_t stored_bytes(int64_t index) const override { return whole_->stored_bytes(index); }
  std::string remark() const override { return whole_->remark(); }

 private:
  std::shared_ptr<const Dataset> whole_;
  std::vector<std::string> names_;
  std::vector<int64_t> places_;
};

// `digits:COUNT` gives the number of training images; the number of test images is in MNIST's proportion.
int64_t digits_count(std::string_view text, Split split) {
  constexpr int64_t usual = 60000, most = 100'000'000;
  int64_t count = usual;
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > most) {
      refuse("data set \"digits:{}\": the number of images is from 1 to {}, as in digits:60000", text, most);
    }
  }
  return split == Split::train ? count : std::max<int64_t>(1, count / 6);
}

// The folder into which `fovea data fetch` put the data set of this name.
std::filesystem::path fetched_folder(const std::string& kind) {
  if (kind == "images" || kind == "tfrecord" || kind == "tar") refuse("data set \"{0}\" needs its folder, as in {0}:DIR", kind);
  if (kind == "csv") refuse("data set \"csv\" needs its list, as in csv:train.csv");
  const std::filesystem::path folder = settings().user_data / kind;
  if (std::filesystem::is_directory(folder)) return folder;
  refuse("data set \"{}\" is not in {}; get it with: fovea data fetch {}   or name its folder: {}:DIR", kind,
         settings().user_data.string(), kind, kind);
}

std::shared_ptr<const Dataset> open_kind(const std::string& kind, const std::filesystem::path& folder, Split split,
                                         const DatasetOptions& options) {
  if (kind == "mnist" || kind == "fashion-mnist") return open_mnist(folder, split);
  if (kind == "cifar10") return open_cifar10(folder, split);
  if (kind == "cifar100") return open_cifar100(folder, split);
  if (kind == "tfrecord") return open_tfrecord(folder, split);
  if (kind == "tar") return open_tar(folder, split);
  return open_folders(folder, split, options);
}

}  // namespace

std::string_view name(Split split) { return split == Split::train ? "train" : "test"; }

std::string Dataset::image_name(int64_t index) const { return fmt::format("image {}", index); }

void Dataset::read_bytes(int64_t index, std::vector<std::byte>&) const {
  fail("{} is stored as pixels, not as an encoded photograph", image_name(index));
}

void EncodedDataset::read_image(int64_t index, std::span<uint8_t>) const {
  fail("{} is a photograph of any size: it has to be decoded and cropped", image_name(index));
}

void check_index(const Dataset& dataset, int64_t index) {
  if (index < 0 || index >= dataset.count()) fail("there is no image {} in a data set of {}", index, dataset.count());
}

void check_read(const Dataset& dataset, int64_t index, size_t size) {
  check_index(dataset, index);
  if (size != static_cast<size_t>(dataset.image_shape().size())) {
    fail("an image of {} values was read into room for {}", dataset.image_shape().size(), size);
  }
}

int32_t MemoryDataset::label(int64_t index) const {
  check_index(*this, index);
  return labels[static_cast<size_t>(index)];
}

void MemoryDataset::read_image(int64_t index, std::span<uint8_t> target) const {
  check_read(*this, index, target.size());
  std::copy_n(pixels.data() + index * shape_.size(), target.size(), target.data());
}

std::shared_ptr<const Dataset> open_dataset(std::string_view word, Split split, const DatasetOptions& options) {
  const std::string spec = dataset_spec(word);
  const size_t colon = spec.find(':');
  const std::string kind = spec.substr(0, colon), path = colon == std::string::npos ? "" : spec.substr(colon + 1);
  if (kind == "digits") return open_digits(options.seed, split, digits_count(path, split));
  if (path.empty()) return open_kind(kind, fetched_folder(kind), split, options);
  if (kind == "csv") return open_csv(path, split);
  if (!std::filesystem::is_directory(path)) fail(ErrorCode::not_found, "data set \"{}\": there is no folder {}", spec, path);
  return open_kind(kind, path, split, options);
}

std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> dataset, int64_t first, int64_t count) {
  if (first < 0 || count < 1 || first > dataset->count() - count) {
    refuse("there are no images {}..{} in a data set of {}", first, first + count - 1, dataset->count());
  }
  return std::make_shared<Subset>(std::move(dataset), first, count);
}

std::shared_ptr<const Dataset> selected(std::shared_ptr<const Dataset> dataset, std::vector<int64_t> images) {
  if (images.empty()) refuse("a selection of no images");
  for (const int64_t image : images) {
    if (image < 0 || image >= dataset->count()) refuse("there is no image {} in a data set of {}", image, dataset->count());
  }
  return std::make_shared<Selected>(std::move(dataset), std::move(images));
}

std::shared_ptr<const Dataset> renumbered(std::shared_ptr<const Dataset> dataset, std::vector<std::string> names,
                                          std::vector<int64_t> places) {
  if (places.size() != dataset->class_names().size())
    fail("{} numbers for {} classes", places.size(), dataset->class_names().size());
  for (const int64_t place : places) {
    if (place < 0 || place >= std::ssize(names)) fail("class number {} of {}", place, names.size());
  }
  return std::make_shared<Renumbered>(std::move(dataset), std::move(names), std::move(places));
}

Statistics statistics(const Dataset& dataset) {
  if (dataset.encoded()) fail("photographs of any size have no statistics without being decoded");
  const ImageShape shape = dataset.image_shape();
  const auto channels = static_cast<size_t>(shape.channels);
  std::vector<uint8_t> image(static_cast<size_t>(shape.size()));
  // 2^64 is enough for the squares of 2^48 pixels.
  std::vector<uint64_t> sum(channels), squares(channels);
  Statistics result;
  result.class_counts.resize(dataset.class_names().size());
  for (int64_t index = 0; index < dataset.count(); ++index) {
    dataset.read_image(index, image);
    ++result.class_counts[static_cast<size_t>(dataset.label(index))];
    for (size_t i = 0; i < image.size(); i += channels) {
      for (size_t c = 0; c < channels; ++c) {
        sum[c] += image[i + c];
        squares[c] += static_cast<uint64_t>(image[i + c]) * image[i + c];
      }
    }
  }
  const double pixels = static_cast<double>(dataset.count()) * static_cast<double>(shape.height * shape.width);
  for (size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(sum[c]) / pixels;
    result.mean.push_back(mean / 255);
    result.deviation.push_back(std::sqrt(std::max(0.0, static_cast<double>(squares[c]) / pixels - mean * mean)) / 255);
  }
  return result;
}

}  // namespace fovea
