// SPDX-License-Identifier: Apache-2.0
// Sample images through a network that is to become integers: the ranges of its tensors, and what integers change.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/graph/inference_model.h"
#include "fovea/quant/plan.h"
#include "fovea/quant/simulation.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

// The images that a network is calibrated on: `count` of the data set (all, where it has fewer), drawn by `seed`, prepared as
// for evaluation. They are run `batch` of the model at a time; what does not fill a batch is left out.
struct SampleImages {
  std::shared_ptr<const Dataset> dataset;
  int64_t count = 500;
  uint64_t seed = 1;
};

// Of every observed tensor, by value. `model` as folded() leaves it; its batch is at most the number of images.
std::map<int32_t, Range> calibrate(const InferenceModel& model, const QuantizationPlan& plan, RangeMethod method,
                                   const SampleImages& images, ThreadPool& threads, Progress& progress);

// What becoming integers does to a layer's result, as signal to noise in decibels: 10 log10 (sum of squares / sum of squared
// changes).
struct LayerNoise {
  size_t layer = 0;          // of the plan
  double alone = 0;          // the layer's own: its input, weights and result
  double together = 0;       // with all layers before it
  std::vector<float> shift;  // of contractions: the mean change, channel by channel, before the activation
};
std::vector<LayerNoise> measure_noise(const InferenceModel& model, const QuantizationPlan& plan, const RangeMap& ranges,
                                      WeightScales scales, const SampleImages& images, ThreadPool& threads, Progress& progress);

// Empirical bias correction (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019,
// section 4.2, with the means of sample images): rounded weights move the mean of a channel; its bias takes that back. Layers
// without a bias keep none. Replaces tensors of the model, and does not write over them.
void correct_biases(InferenceModel& model, const QuantizationPlan& plan, const std::vector<LayerNoise>& noise);

}  // namespace fovea
