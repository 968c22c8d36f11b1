// SPDX-License-Identifier: Apache-2.0
/// \file
/// Classifies images with a network of any file: float or integer, ending in probabilities or in logits.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/augment/augment.h"
#include "fovea/data/corrupt_samples.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/graph/image_model.h"
#include "fovea/inference/metrics.h"
#include "fovea/inference/predictions.h"
#include "fovea/inference/session.h"

namespace fovea {

/// A compiled classifier. One thread at a time, which shares its work through a ThreadPool.
class ImageClassifier {
 public:
  /// Compiles the model. Refuses a model that does not take one batch of images and return one row of scores for each. `dtype`
  /// is that of activations and products when the model computes with real numbers, and `device` where it runs
  /// (CompileOptions::device).
  explicit ImageClassifier(InferenceModel model, DType dtype = DType::f32, Winograd winograd = Winograd::where_faster,
                           const std::string& device = "");

  /// The model's name.
  const std::string& name() const { return model_.name; }
  /// The names of the classes; empty when unknown. Valid as long as this object.
  const std::vector<std::string>& labels() const { return model_.labels; }
  /// The compiled program; valid as long as this object.
  const Session& session() const { return session_; }
  /// The images that the network reads.
  ImageShape image_shape() const { return {form_.input.shape[1], form_.input.shape[2], form_.input.shape[3]}; }
  /// Images at a time.
  int64_t batch() const { return form_.input.shape[0]; }
  /// The number of scores of an image.
  int64_t classes() const { return form_.classes; }
  /// Whether the input is bytes.
  bool takes_bytes() const { return form_.takes_bytes(); }
  /// Whether the preprocessing comes from the file.
  bool says_preprocessing() const { return model_.says_preprocessing; }
  /// The temperature that probabilities() applies, and the threshold for "unknown", which the caller applies. Valid as long as
  /// this object.
  const Confidence& confidence() const { return model_.confidence; }

  /// The model's preprocessing, from pixels to what probabilities() takes; for a network that takes bytes, the pixels
  /// themselves.
  Augmentation evaluation() const;

  /// Answers for images [n, height, width, channels] f32, with n at most batch(): [batch(), classes()] f32, of which the first
  /// n rows are the answers. Fails on images of another shape. Valid until the next call. The probabilities are those at the
  /// model's temperature. If the network ends in softmax, each probability is raised to the power of 1 / temperature and the
  /// row is divided by its sum, which is the same as dividing the logits by the temperature.
  const Tensor& probabilities(const Tensor& images, ThreadPool& threads);

 private:
  void fill_input(const Tensor& images);

  InferenceModel model_;
  ImageModelForm form_;
  Session session_;
  Tensor probabilities_;
};

/// How a data set is evaluated.
struct FileEvaluation {
  std::optional<Augmentation> pictures = {};  ///< how images become inputs; none: as the model says
  std::vector<int64_t> places = {};  ///< for each class of the data set, its number in the network; empty: in the same order
  CorruptSampleReport* damage = nullptr;  ///< where corrupt images are reported; may be null
  Predictions* predictions = nullptr;     ///< where each answer is added; may be null
};
/// Evaluates the classifier on `dataset`. If the network has one class more than the data set, its first one is the background
/// (TensorFlow's convention) and never an answer. Refuses another number of classes, and images that do not fit.
Metrics evaluate(ImageClassifier& classifier, std::shared_ptr<const Dataset> dataset, ThreadPool& threads, Progress& progress,
                 const FileEvaluation& how = {});

}  // namespace fovea
