// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network for quantization-aware training.
///
/// Norms are folded before training and stay folded (static folding: Nagel et al., "A white paper on neural network
/// quantization", 2021, section 5.2.1); running statistics are frozen, as at the end of training in Krishnamoorthi 2018.
/// Weights are rounded to their integers in every step. Activations are rounded to those of a range that is a moving average of
/// the smallest and largest numbers of the batches (Jacob et al. 2018, section 3.1). Biases stay real, since 32 bits represent
/// them well. Gradients pass straight through.
#pragma once

#include <map>
#include <optional>

#include "fovea/nn/trace.h"
#include "fovea/quant/simulation.h"

namespace fovea {

/// How the network is quantized.
struct QuantizationAwareOptions {
  WeightScales scales;        ///< of weights
  PlanOptions plan;           ///< which layers become integer
  double range_decay = 0.99;  ///< decay of the moving averages of ranges; 1 keeps them as calibrated
};

/// A network with the same input, classes and preprocessing. Parameters have the names that folded() gives them, ranges those
/// of range_names(); the ranges are state. Refuses a network with a form of its own.
Network quantization_aware(const Network& network, QuantizationAwareOptions options = {});

/// The ranges that such a network has learned, and the network without them.
struct LearnedRanges {
  InferenceModel model;             ///< as folded() returns one
  std::map<int32_t, Range> ranges;  ///< by value of that model's graph
};
/// Extracts them from a network's graph for inference; nothing when it has no fake_quantize.
std::optional<LearnedRanges> learned_ranges(const InferenceModel& model);

}  // namespace fovea
