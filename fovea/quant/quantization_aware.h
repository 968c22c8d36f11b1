// SPDX-License-Identifier: Apache-2.0
// A network for fine-tuning that knows it will be integers.
//
// Norms are folded before training and stay so (static folding: Nagel et al., "A white paper on neural network quantization",
// 2021, section 5.2.1); running statistics do not move (frozen, as Krishnamoorthi 2018 ends training). Weights are rounded to
// their integers in every step, activations to those of a range that is a moving average of the batches' smallest and largest
// numbers (Jacob et al. 2018, section 3.1); biases stay real, as 32 bits hold them. Gradients pass straight through.
#pragma once

#include <map>
#include <optional>

#include "fovea/nn/trace.h"
#include "fovea/quant/simulation.h"

namespace fovea {

struct QuantizationAwareOptions {
  WeightScales scales;
  PlanOptions plan;
  double range_decay = 0.99;  // of the moving averages of ranges; 1 keeps them as they were calibrated
};

// The same input, classes and preprocessing. Parameters are named as folded() names them, ranges as range_names() does; the
// ranges are state. Refuses a network with a form of its own.
Network quantization_aware(const Network& network, QuantizationAwareOptions options = {});

// The ranges that such a network has learned, and the network without them, from its graph for inference. Empty where that
// holds no fake_quantize.
struct LearnedRanges {
  InferenceModel model;             // as folded() leaves one
  std::map<int32_t, Range> ranges;  // by value of that model's graph
};
std::optional<LearnedRanges> learned_ranges(const InferenceModel& model);

}  // namespace fovea
