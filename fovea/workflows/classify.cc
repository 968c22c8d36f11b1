// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/classify.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/image/crop.h"
#include "fovea/data/image/resample.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Augmentation augmentation_of(const ImageClassifier& classifier, const ImageInputOptions& options) {
  Augmentation augmentation = classifier.evaluation();
  if (options.resize > 0) augmentation.resize = options.resize;
  if (!options.interpolation.empty())
    augmentation.interpolation = options.interpolation == "bicubic" ? Interpolation::bicubic : Interpolation::bilinear;
  if (!options.orientation.empty())
    augmentation.orientation = options.orientation == "exif" ? Orientation::exif : Orientation::stored;
  if (options.mean.empty() && options.deviation.empty()) return augmentation;
  if (classifier.takes_bytes())
    refuse("mean and deviation are for networks that take real numbers; {} takes the pixels as they are", classifier.name());
  if (!options.mean.empty()) augmentation.mean = options.mean;
  if (!options.deviation.empty()) augmentation.deviation = options.deviation;
  return augmentation;
}

std::vector<int64_t> class_places(const std::vector<std::string>& classes, const std::vector<std::string>& labels,
                                  const std::string& from) {
  std::vector<int64_t> places;
  std::string missing;
  for (const std::string& name : classes) {
    const auto found = std::ranges::find(labels, name);
    if (found == labels.end())
      missing = name;
    else
      places.push_back(found - labels.begin());
  }
  if (places.empty()) return {};
  if (!missing.empty())
    refuse("{} names \"{}\" and others of the data set's classes, but not \"{}\"", from, labels[static_cast<size_t>(places[0])],
           missing);
  return places;
}

ImageInput::ImageInput(const ImageClassifier& classifier, const ImageInputOptions& options)
    : shape_(classifier.image_shape()),
      options_(options),
      augmentation_(augmentation_of(classifier, options)),
      augmenter_(shape_, augmentation_.evaluation()) {}

Image ImageInput::fitted(const Image& picture) const {
  const auto [height, width, channels] = shape_;
  if (picture.shape.height == height && picture.shape.width == width) return picture;
  if (options_.stretch) return resize(picture, height, width, augmentation_.interpolation);
  const int64_t side = resized_side(augmentation_.resize, height, width);
  Image result(shape_);
  resize(result, picture, center_box(picture.shape.height, picture.shape.width, height, width, side), height, width,
         augmentation_.interpolation);
  return result;
}

Tensor ImageInput::tensor(const Image& picture) const {
  Image image = fitted(picture);
  if (options_.invert) {
    for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(255 - pixel);
  }
  Tensor tensor({1, shape_.height, shape_.width, shape_.channels}, DType::f32);
  augmenter_.apply(image.pixels, tensor.values<float>(), 0, 0, 0);
  return tensor;
}

Tensor ImageInput::read(const std::string& path) const {
  if (path != "-") return tensor(read_image(path, shape_.channels, augmentation_.orientation));
  return tensor(decode_image(read_file("/dev/stdin"), "standard input", shape_.channels, augmentation_.orientation));
}

Classification classification_of(std::span<const float> probabilities, const std::vector<std::string>& labels, int64_t top,
                                 double threshold, const Confidence& confidence) {
  Classification result;
  std::vector<int64_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  const auto of = [&](int64_t index) { return probabilities[static_cast<size_t>(index)]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return of(a) > of(b); });
  result.unknown = of(order.front()) < static_cast<float>(confidence.unknown_below);
  order.resize(std::min(order.size(), static_cast<size_t>(top)));
  for (const int64_t index : order) {
    if (of(index) > threshold) result.guesses.push_back({labels[static_cast<size_t>(index)], index, of(index)});
  }
  return result;
}

Classification classify(ImageClassifier& classifier, const Tensor& image, const std::vector<std::string>& labels, int64_t top,
                        double threshold, ThreadPool& threads) {
  const Clock::time_point start = Clock::now();
  const Tensor& probabilities = classifier.probabilities(image, threads);
  const double milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  Classification result = classification_of(probabilities.values<float>().first(static_cast<size_t>(classifier.classes())),
                                            labels, top, threshold, classifier.confidence());
  result.milliseconds = milliseconds;
  return result;
}

}  // namespace fovea
