// SPDX-License-Identifier: Apache-2.0
// Graphs that tell what integers change: the network in real numbers, each layer alone as integers, and all of them together.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/quant/simulation.h"

namespace fovea {

// The network with the observed tensors of the plan: as they are ("value.N", N the tensor's number), or their least and largest
// numbers ("minimum.N", "maximum.N", [] f32).
Graph observation_graph(const InferenceModel& model, const QuantizationPlan& plan, bool whole_tensors);

// For every layer N of the plan that computes in integers: "signal.N", the sum of squares of its result in real numbers;
// "alone.N", the sum of squares of what changes when this layer alone becomes integers (its input, weights and result);
// "together.N", when all before it are, too; [] f32. For convolutions and dense layers also "shift.N" [channels], the mean by
// which integers alone move what is before the activation. Arguments: the model's, and those of range_tensors().
Graph noise_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales);

// The network as integers would compute it, simulated: for accuracy where integers cannot run.
Graph simulated_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales);

}  // namespace fovea
