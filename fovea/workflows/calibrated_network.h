// SPDX-License-Identifier: Apache-2.0
/// \file
/// A float network on its way to integers: what can be done to it, each as a function of calibration images.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fovea/quant/calibration.h"
#include "fovea/quant/learned_rounding.h"
#include "fovea/workflows/folded_network.h"
#include "fovea/workflows/quantize_model.h"

namespace fovea {

/// What decides a network of integers: the tensors of the folded network, which of its layers are integers, and the ranges.
struct QuantizationCandidate {
  TensorMap tensors;  ///< as they are rounded to the nearest integers
  PlanOptions plan;   ///< which layers become integers
  RangeMap ranges;    ///< of its tensors, by group
};

/// The layers that have a wider type: in f32, or of 8 bits where others have 4.
using LayerPatterns = std::vector<std::string> PlanOptions::*;

/// A folded float network with its calibration images, from which candidates are made. The model is opened for one image at a
/// time, as it will be written, and in batches for the images. One thread at a time, which shares its work through a
/// ThreadPool.
class CalibratedNetwork {
 public:
  /// Opens `name` as `options` say, which must outlive the object. Throws Error as quantize_model() does.
  CalibratedNetwork(const std::string& name, const QuantizeModelOptions& options, ThreadPool& threads, Progress& progress);

  /// Its layers.
  const QuantizationPlan& plan() const { return batches_.plan; }
  /// Whether it was trained for integers, and brings its ranges along.
  bool has_ranges() const { return !batches_.learned.empty(); }
  /// The float network, in batches.
  InferenceModel real() const { return copy_of(batches_.model); }

  /// What equalization changes, to be set back where it does not help.
  struct Form {
    TensorMap exact;                          ///< the tensors, before anything was made for integers
    std::map<int32_t, Histogram> histograms;  ///< of what the layers give, once they were observed
  };
  /// The present form.
  const Form& form() const { return form_; }
  /// Sets a form of the same graph.
  void set_form(Form form) { form_ = std::move(form); }
  /// Scales the channels of neighboring layers against each other (fovea/quant/equalization.h). Returns the number of pairs.
  int64_t equalize();
  /// Takes relu in place of every relu6 that limits equalize(); false when there is none. close_limits() takes it back.
  bool open_limits();
  /// See open_limits().
  void close_limits();

  /// The candidate of the exact tensors with the ranges of a method, or with its own.
  QuantizationCandidate ranged(RangeMethod method);
  /// Corrects the biases by the mean error that is left.
  void correct_biases(QuantizationCandidate& candidate);
  /// Learns the rounding of the exact tensors on the first `images` of the images, with the candidate's plan and ranges. Biases
  /// are learned with it, so they are those of the float network before.
  std::vector<LearnedLayer> learn_rounding(QuantizationCandidate& candidate, const RoundingOptions& options, int64_t images);
  /// Gives the first `count` of `layers` (numbers in the plan) a wider type and their exact tensors, and chooses ranges anew.
  void widen(QuantizationCandidate& candidate, LayerPatterns patterns, const std::vector<size_t>& layers, size_t count,
             RangeMethod method);
  /// The noise of every integer layer on at most `images` of the images.
  std::vector<LayerNoise> noise(const QuantizationCandidate& candidate, int64_t images);

  /// The network of integers, in batches.
  InferenceModel integers(const QuantizationCandidate& candidate);
  /// The same for one image at a time, with the table of its layers.
  QuantizedModel finished(const QuantizationCandidate& candidate);

 private:
  InferenceModel& with(const TensorMap& tensors);
  SampleImages images() const { return {.dataset = options_.calibration, .count = options_.images, .seed = options_.seed}; }
  void observe_tensors(const QuantizationPlan& plan);
  RangeMap ranges_of(const QuantizationPlan& plan, RangeMethod method);

  const QuantizeModelOptions& options_;
  ThreadPool& threads_;
  Progress& progress_;
  FoldedNetwork single_, batches_;
  std::vector<FoldedNetwork> limited_;  // the two with relu6, while relu stands in its place
  Form form_;
};

}  // namespace fovea
