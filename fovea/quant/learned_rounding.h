// SPDX-License-Identifier: Apache-2.0
/// \file
/// Learned rounding of a whole network, layer by layer.
#pragma once

#include <string>
#include <vector>

#include "fovea/quant/calibration.h"
#include "fovea/quant/layer_rounding.h"

namespace fovea {

/// What learned rounding gained in one layer.
struct LearnedLayer {
  size_t layer = 0;     ///< index in the plan
  double nearest = 0;   ///< mean squared error of its result with nearest rounding, on samples it was not learned from
  double learned = 0;   ///< the same with learned rounding
  int64_t changed = 0;  ///< weights that are not rounded to the nearest integer
  int64_t weights = 0;  ///< all of its weights
};

/// Replaces the weights of convolutions and dense layers by integers times their scales, which quantized() and the simulation
/// then find as the nearest ones (AdaRound; see RoundingTrainer). Layer after layer learns to give, from what the network of
/// integers before it gives it, what the float network gives, activation included (Nagel et al. 2020, section 3.4). Samples are
/// one or two tiles of each image's tensors at random places. Layers that share their weights, and those in f32, stay.
///
/// `model` must be as folded() returns it, with biases that are not corrected; `plan` its plan, and `ranges` those of its
/// groups. `exact` are its tensors as the float network has them; the model's own weights only give the scales (they may be
/// clipped: clip_weights()). Tensors of the model are replaced and never modified in place. The result does not depend on the
/// number of threads.
std::vector<LearnedLayer> learn_rounding(InferenceModel& model, const TensorMap& exact, const QuantizationPlan& plan,
                                         const RangeMap& ranges, const WeightScales& scales, const SampleImages& images,
                                         const RoundingOptions& options, ThreadPool& threads, Progress& progress);

}  // namespace fovea
