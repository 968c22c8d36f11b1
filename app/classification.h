// SPDX-License-Identifier: Apache-2.0
// A picture in, names and probabilities out.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "fovea/data/image/image.h"
#include "fovea/inference/image_classifier.h"

namespace fovea {

struct Guess {
  std::string label;
  int64_t index = 0;
  double probability = 0;
};

struct Classification {
  double milliseconds = 0;     // of the network alone
  std::vector<Guess> guesses;  // the likeliest first
};

// How a picture is brought to what the network reads; what is left out is as the model's file says.
struct PictureOptions {
  int64_t resize = 0;         // the shorter side before the middle is cut out
  std::string interpolation;  // bilinear or bicubic
  std::string orientation;    // exif or stored
  std::vector<float> mean, deviation;
  bool stretch = false;  // the whole picture, whatever its aspect
  bool invert = false;   // light on dark becomes dark on light

  bool operator==(const PictureOptions&) const = default;
};

void add_picture_options(CLI::App& app, PictureOptions& options);
// Of these --resize, --interpolation, --mean and --deviation alone.
void add_preprocessing_options(CLI::App& app, PictureOptions& options);

// The model's preprocessing with the options in its place. Refuses a mean and a deviation for a network that takes bytes.
Augmentation augmentation_of(const ImageClassifier& classifier, const PictureOptions& options);

// One line on standard error where a file takes real numbers, does not say how pictures become them, and no option does.
void warn_of_preprocessing(const ImageClassifier& classifier, const std::string& path, const PictureOptions& options);

// Where each class of a data set is among `labels`. Where none of them is there, the order is taken to be the same; refuses a
// part of them, naming one that is missing.
std::vector<int64_t> class_places(const std::vector<std::string>& classes, const std::vector<std::string>& labels,
                                  const std::string& from);

// From a picture to the network's input: [1, height, width, channels]. Photographs are cut as in evaluation; small pictures
// such as digits lose no border.
class PictureReader {
 public:
  // Refuses a mean and a deviation for a network that takes bytes.
  PictureReader(const ImageClassifier& classifier, const PictureOptions& options);

  Tensor read(const std::string& path) const;
  Tensor tensor(const Image& picture) const;

 private:
  Image fitted(const Image& picture) const;

  ImageShape shape_;
  PictureOptions options_;
  Augmentation augmentation_;
  Augmenter augmenter_;
};

// One name for each of the `classes` of the network `model`: `labels` as given, without its first where that is the background
// and the network has none, or with it where only the network has; numbers without labels. Fails, naming `from`, on another
// count.
std::vector<std::string> class_labels(const std::vector<std::string>& labels, int64_t classes, const std::string& model,
                                      const std::string& from);

// The `top` likeliest classes of `image` ([1, height, width, channels]) that are likelier than `threshold`.
Classification classify(ImageClassifier& classifier, const Tensor& image, const std::vector<std::string>& labels, int64_t top,
                        double threshold, ThreadPool& threads);

}  // namespace fovea
