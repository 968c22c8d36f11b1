// SPDX-License-Identifier: Apache-2.0
/// \file
/// Classifies images with a network of any file: from pixels to names and probabilities.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/data/augment/augment.h"
#include "fovea/data/image/image.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

/// A class with its probability.
struct Guess {
  std::string label;       ///< the class's name
  int64_t index = 0;       ///< the class's number
  double probability = 0;  ///< from 0 to 1
};

/// The answer for one image.
struct Classification {
  double milliseconds = 0;     ///< time of the network alone
  std::vector<Guess> guesses;  ///< the likeliest first
  bool unknown = false;        ///< whether the likeliest class is below the model's threshold (fovea/graph/confidence.h)
};

/// How an image is prepared for the network; what is left out is as the model's file says.
struct ImageInputOptions {
  int64_t resize = 0;            ///< the shorter side before the center crop
  std::string interpolation;     ///< bilinear or bicubic
  std::string orientation;       ///< exif or stored
  std::vector<float> mean;       ///< for each channel, of pixels / 255
  std::vector<float> deviation;  ///< standard deviation for each channel, of pixels / 255
  bool stretch = false;          ///< resizes the whole image, whatever its aspect ratio
  bool invert = false;           ///< light on dark becomes dark on light

  /// Equal in every option.
  bool operator==(const ImageInputOptions&) const = default;
};

/// The model's preprocessing with the options applied. Refuses a mean and a standard deviation for a network that takes bytes.
Augmentation augmentation_of(const ImageClassifier& classifier, const ImageInputOptions& options);

/// The position of each class of a data set among `labels`. When none of them is there, the order is taken to be the same;
/// refuses when only some are there, naming one that is missing. `from` names the labels in messages.
std::vector<int64_t> class_places(const std::vector<std::string>& classes, const std::vector<std::string>& labels,
                                  const std::string& from);

/// Converts images to the network's input, [1, height, width, channels]. Images are cropped as in evaluation; small ones such
/// as digits are not cropped. Several threads may use it.
class ImageInput {
 public:
  /// Refuses a mean and a standard deviation for a network that takes bytes.
  ImageInput(const ImageClassifier& classifier, const ImageInputOptions& options);

  /// The input from an image file, or from standard input when `path` is "-"; fails when it cannot be read.
  Tensor read(const std::string& path) const;
  /// The input from an image of any size.
  Tensor tensor(const Image& picture) const;

 private:
  Image fitted(const Image& picture) const;

  ImageShape shape_;
  ImageInputOptions options_;
  Augmentation augmentation_;
  Augmenter augmenter_;
};

/// The `top` likeliest classes of a row of `probabilities` that are likelier than `threshold`. `confidence` is the model's.
Classification classification_of(std::span<const float> probabilities, const std::vector<std::string>& labels, int64_t top,
                                 double threshold, const Confidence& confidence);

/// The `top` likeliest classes of `image` ([1, height, width, channels]) that are likelier than `threshold`.
Classification classify(ImageClassifier& classifier, const Tensor& image, const std::vector<std::string>& labels, int64_t top,
                        double threshold, ThreadPool& threads);

}  // namespace fovea
