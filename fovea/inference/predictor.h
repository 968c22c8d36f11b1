// SPDX-License-Identifier: Apache-2.0
/// \file
/// Answers of a trained network: images in, logits out, for any number of images.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>

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

/// A network compiled for the batches that are asked for. One thread at a time, which shares its work through a ThreadPool.
class Predictor {
 public:
  /// `tensors` has the network's parameters and state by name; others are ignored, and a missing one fails. Storage is shared:
  /// after values_changed() the answers use the current values of the tensors. evaluate() calls it. `device` is where it runs
  /// (CompileOptions::device), and `threads` compile (0: all available).
  Predictor(Network network, TensorMap tensors, Output output = Output::logits, DType dtype = DType::f32,
            Winograd winograd = Winograd::where_faster, std::string device = "", int threads = 0);

  /// Answers for preprocessed images [n, input...] f32: [n, classes], valid until the next call. Each n has a program of its
  /// own, which is compiled at its first use.
  const Tensor& predict(const Tensor& images, ThreadPool& threads);

  /// The same for a network of any form: [n, ...] f32 for each of its inputs. The results are read from the session.
  const Session& run(const TensorMap& inputs, ThreadPool& threads);

  /// Says that the values of `tensors` changed in place.
  void values_changed();
  /// Frees the memory of runs until the next one.
  void release();

  /// The program for batches of that size, compiled if necessary; valid as long as this object.
  Session& session(int64_t batch);
  /// The network; valid as long as this object.
  const Network& network() const { return network_; }

 private:
  Network network_;
  TensorMap tensors_;
  Output output_;
  DType dtype_;  // of activations and products
  Winograd winograd_;
  std::string device_;
  int threads_;
  std::map<int64_t, std::unique_ptr<Session>> sessions_;
};

/// The weighted mean of the answers to all views of the images, like predict(), as a tensor of its own.
Tensor predict_views(Predictor& predictor, const Tensor& images, Views views, ThreadPool& threads);

/// Images [batch, ...] whose first rows are `images` [n, ...] and whose others are 0: the last, smaller batch of a data set in
/// a form that needs no program of its own. `images` itself if there are so many.
Tensor filled_up(const Tensor& images, int64_t batch);
/// The first rows of `answers`, which belong to the images that filled_up() was given.
Tensor first_rows(const Tensor& answers, int64_t rows);

/// Evaluates a predictor that returns logits on `dataset`, with the current values of its tensors. The last batch is filled up.
/// Each image that cannot be read is reported once, in `damage` unless it is null, and replaced by the next one that
/// can. Each answer is added to `predictions` unless it is null. Fails when an answer is not finite.
Metrics evaluate(Predictor& predictor, std::shared_ptr<const Dataset> dataset, int64_t batch, ThreadPool& threads,
                 Progress& progress, Views views = Views::one, CorruptSampleReport* damage = nullptr,
                 Predictions* predictions = nullptr);

/// The answers of a predictor to some of the batches of `dataset`, as evaluate() computes them: calls `visit` with logits [n,
/// classes] and labels [n] of each. Damaged images are reported in `damage`. Fails when an answer is not finite.
void evaluate_batches(Predictor& predictor, std::shared_ptr<const Dataset> dataset, int64_t batch, BatchShare share,
                      ThreadPool& threads, Progress& progress, Views views, CorruptSampleReport& damage,
                      const std::function<void(const Tensor& logits, std::span<const int32_t> labels)>& visit);

/// The shape that a data set's images are brought to.
ImageShape image_shape(const Network& network);
/// How they are prepared for evaluation.
Augmentation evaluation_of(const Preprocessing& preprocessing);

/// Refuses a data set whose images or classes do not fit the network's.
void check_fits(const Network& network, const Dataset& dataset);

}  // namespace fovea
