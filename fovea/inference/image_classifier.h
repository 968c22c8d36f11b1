// SPDX-License-Identifier: Apache-2.0
// A network of any file that tells what is in a picture: float or integer, ending in probabilities or in logits.
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

class ImageClassifier {
 public:
  // Compiles. Refuses a model that is not one batch of images in and one row of scores an image out.
  // `dtype`: of activations and products where the model computes with real numbers.
  explicit ImageClassifier(InferenceModel model, DType dtype = DType::f32, Winograd winograd = Winograd::where_faster);

  const std::string& name() const { return model_.name; }
  const std::vector<std::string>& labels() const { return model_.labels; }
  const Session& session() const { return session_; }
  ImageShape image_shape() const { return {form_.input.shape[1], form_.input.shape[2], form_.input.shape[3]}; }
  int64_t batch() const { return form_.input.shape[0]; }
  int64_t classes() const { return form_.classes; }
  bool takes_bytes() const { return form_.takes_bytes(); }
  bool says_preprocessing() const { return model_.says_preprocessing; }
  const Confidence& confidence() const { return model_.confidence; }

  // From pixels to what `probabilities` takes: the model's preprocessing; of a network that takes bytes, the pixels themselves.
  Augmentation evaluation() const;

  // images [n, height, width, channels] f32, n at most batch() -> [batch, classes] f32, of which the first n rows answer them.
  // Valid until the next call. Scores are made probabilities once, at the model's temperature: of a network that ends in
  // softmax, each probability becomes its power of 1 / temperature, which is the same.
  const Tensor& probabilities(const Tensor& images, ThreadPool& threads);

 private:
  void fill_input(const Tensor& images);

  InferenceModel model_;
  ImageModelForm form_;
  Session session_;
  Tensor probabilities_;
};

// How it does on `dataset`. A network of one class more than the data set has knows the background first (TensorFlow's
// convention), which is never an answer. Refuses another number of classes, or images that are not its own.
struct FileEvaluation {
  std::optional<Augmentation> pictures = {};  // how they become inputs; none: as the model says
  std::vector<int64_t> places = {};           // which of the network's classes each of the data set's is; empty: in this order
  CorruptSampleReport* damage = nullptr;
  Predictions* predictions = nullptr;  // where each answer goes
};
Metrics evaluate(ImageClassifier& classifier, std::shared_ptr<const Dataset> dataset, ThreadPool& threads, Progress& progress,
                 const FileEvaluation& how = {});

}  // namespace fovea
