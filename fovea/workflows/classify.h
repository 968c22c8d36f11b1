// SPDX-License-Identifier: Apache-2.0
// What is in a picture, by a network of any file: from its pixels to names and probabilities.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/data/augment/augment.h"
#include "fovea/data/image/image.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

struct Guess {
  std::string label;
  int64_t index = 0;
  double probability = 0;
};

struct Classification {
  double milliseconds = 0;     // of the network alone
  std::vector<Guess> guesses;  // the likeliest first
  bool unknown = false;        // the likeliest of all is below the model's threshold (fovea/graph/confidence.h)
};

// How a picture is brought to what the network reads; what is left out is as the model's file says.
struct ImageInputOptions {
  int64_t resize = 0;         // the shorter side before the middle is cut out
  std::string interpolation;  // bilinear or bicubic
  std::string orientation;    // exif or stored
  std::vector<float> mean, deviation;
  bool stretch = false;  // the whole picture, whatever its aspect
  bool invert = false;   // light on dark becomes dark on light

  bool operator==(const ImageInputOptions&) const = default;
};

// The model's preprocessing with the options in its place. Refuses a mean and a deviation for a network that takes bytes.
Augmentation augmentation_of(const ImageClassifier& classifier, const ImageInputOptions& options);

// Where each class of a data set is among `labels`. Where none of them is there, the order is taken to be the same; refuses a
// part of them, naming one that is missing.
std::vector<int64_t> class_places(const std::vector<std::string>& classes, const std::vector<std::string>& labels,
                                  const std::string& from);

// From a picture to the network's input: [1, height, width, channels]. Photographs are cut as in evaluation; small pictures
// such as digits lose no border.
class ImageInput {
 public:
  // Refuses a mean and a deviation for a network that takes bytes.
  ImageInput(const ImageClassifier& classifier, const ImageInputOptions& options);

  Tensor read(const std::string& path) const;
  Tensor tensor(const Image& picture) const;

 private:
  Image fitted(const Image& picture) const;

  ImageShape shape_;
  ImageInputOptions options_;
  Augmentation augmentation_;
  Augmenter augmenter_;
};

// The `top` likeliest classes of `image` ([1, height, width, channels]) that are likelier than `threshold`.
Classification classify(ImageClassifier& classifier, const Tensor& image, const std::vector<std::string>& labels, int64_t top,
                        double threshold, ThreadPool& threads);

}  // namespace fovea
