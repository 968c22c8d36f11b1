// SPDX-License-Identifier: Apache-2.0
// A trained network that answers: images in, logits out, for any number of images.
#pragma once

#include <map>
#include <memory>

#include "fovea/core/progress.h"
#include "fovea/data/augment/augment.h"
#include "fovea/data/corrupt_samples.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/inference/metrics.h"
#include "fovea/inference/predictions.h"
#include "fovea/inference/session.h"
#include "fovea/inference/views.h"
#include "fovea/nn/trace.h"

namespace fovea {

class Predictor {
 public:
  // `tensors`: the network's parameters and state by name; more are ignored, a missing one fails. Storage is shared: after
  // values_changed() the answers are those of the values that the tensors have by then. evaluate() says so itself.
  Predictor(Network network, TensorMap tensors, Output output = Output::logits, DType dtype = DType::f32,
            Winograd winograd = Winograd::where_faster);

  // images [n, input...] f32, preprocessed -> [n, classes], valid until the next call. Every n is a program of its own,
  // compiled at its first use.
  const Tensor& predict(const Tensor& images, ThreadPool& threads);

  // The same for a network of any form: [n, ...] f32 for each of its inputs. The results are read from the session.
  const Session& run(const TensorMap& inputs, ThreadPool& threads);

  void values_changed();
  // Gives back what runs take, until the next one.
  void release();

  Session& session(int64_t batch);
  const Network& network() const { return network_; }

 private:
  Network network_;
  TensorMap tensors_;
  Output output_;
  DType dtype_;  // of activations and products
  Winograd winograd_;
  std::map<int64_t, std::unique_ptr<Session>> sessions_;
};

// The weighted mean of the answers to all views of the images: as predict, and a tensor of its own.
Tensor predict_views(Predictor& predictor, const Tensor& images, Views views, ThreadPool& threads);

// How `predictor` (with logits) does on `dataset`. The last batch is as small as it has to be. Photographs that cannot be read
// are named once, in `damage` where given; another stands in for each. What a network in training has learnt since the last
// evaluation is seen. Each answer goes to `predictions` where given.
Metrics evaluate(Predictor& predictor, std::shared_ptr<const Dataset> dataset, int64_t batch, ThreadPool& threads,
                 Progress& progress, Views views = Views::one, CorruptSampleReport* damage = nullptr,
                 Predictions* predictions = nullptr);

// What a data set's images are brought to, and how, for evaluation.
ImageShape image_shape(const Network& network);
Augmentation evaluation_of(const Preprocessing& preprocessing);

// Refuses a data set whose images or classes are not the network's.
void check_fits(const Network& network, const Dataset& dataset);

}  // namespace fovea
