// SPDX-License-Identifier: Apache-2.0
/// \file
/// Runs sample images through a network that is to be quantized, to find the ranges of its tensors and the effect of
/// quantization.
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

/// The images for calibration: `count` images of the data set (all, if it has fewer), drawn by `seed` and prepared as for
/// evaluation. They are run in batches of the model's size; images that do not fill a batch are left out.
struct SampleImages {
  std::shared_ptr<const Dataset> dataset;  ///< where they come from
  int64_t count = 500;                     ///< how many
  uint64_t seed = 1;                       ///< of the choice
};

/// The images as the model reads them, in its batches.
std::vector<Tensor> prepared_images(const InferenceModel& model, const SampleImages& images, ThreadPool& threads);

/// The distribution of every observed tensor over the images, by value, from which chosen_range() gives the range of any
/// method. `model` must be as folded() returns it, and its batch at most the number of images. The images run twice.
std::map<int32_t, Histogram> observe(const InferenceModel& model, const QuantizationPlan& plan, const SampleImages& images,
                                     ThreadPool& threads, Progress& progress);

/// The range of every observed tensor, by value. `model` must be as folded() returns it, and its batch at most the number of
/// images.
std::map<int32_t, Range> calibrate(const InferenceModel& model, const QuantizationPlan& plan, RangeMethod method,
                                   const SampleImages& images, ThreadPool& threads, Progress& progress);

/// The largest number of each channel before a layer's relu or relu6, by the layer's number in the plan.
using ChannelPeaks = std::map<size_t, std::vector<float>>;
/// Finds the peaks of all convolutions and dense layers with relu or relu6 over the images; empty when there are none. `model`
/// must be as folded() returns it, and its batch at most the number of images.
ChannelPeaks channel_peaks(const InferenceModel& model, const QuantizationPlan& plan, const SampleImages& images,
                           ThreadPool& threads, Progress& progress);

/// The effect of quantization on a layer's result, as a signal-to-noise ratio in decibels: 10 log10 (sum of squares / sum of
/// squared changes).
struct LayerNoise {
  size_t layer = 0;          ///< index in the plan
  double alone = 0;          ///< with only this layer quantized: its input, weights and result
  double together = 0;       ///< with all layers before it quantized, too
  std::vector<float> shift;  ///< for conv and dense layers, the mean change of each channel before the activation
};
/// Measures the noise of every integer layer over the images.
std::vector<LayerNoise> measure_noise(const InferenceModel& model, const QuantizationPlan& plan, const RangeMap& ranges,
                                      WeightScales scales, const SampleImages& images, ThreadPool& threads, Progress& progress);

/// Empirical bias correction (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019,
/// section 4.2, with the means over sample images): rounding weights moves the mean of a channel, and its bias is corrected by
/// that. Layers without a bias get none. Tensors of the model are replaced and never modified in place.
void correct_biases(InferenceModel& model, const QuantizationPlan& plan, const std::vector<LayerNoise>& noise);

}  // namespace fovea
