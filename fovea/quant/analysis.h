// SPDX-License-Identifier: Apache-2.0
/// \file
/// Graphs that show what quantization changes: the network in real numbers, each layer alone as integers, and all layers
/// together.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/quant/simulation.h"

namespace fovea {

/// The network with the observed tensors of the plan as results: whole ("value.N", where N is the tensor's index), or their
/// least and largest numbers ("minimum.N", "maximum.N", [] f32).
Graph observation_graph(const InferenceModel& model, const QuantizationPlan& plan, bool whole_tensors);

/// For every layer N of the plan that becomes integer, as [] f32: "signal.N", the sum of squares of its result in real numbers;
/// "alone.N", the sum of squares of the change when this layer alone becomes integer (its input, weights and result);
/// "together.N", the same when all layers before it are integer, too. Convolutions and dense layers also have "shift.N"
/// [channels], the mean change before the activation that quantizing this layer alone causes. The arguments are the model's and
/// those of range_tensors().
Graph noise_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales);

/// Whether it is a convolution or dense layer with relu or relu6.
bool has_peaks(const QuantizationPlan::Layer& layer);

/// The float network with the largest number of each channel before the relu or relu6 of every layer that has_peaks() as its
/// results: "peak.N" [channels], where N is the layer's number in the plan.
Graph peak_graph(const InferenceModel& model, const QuantizationPlan& plan);

/// The network in real numbers up to the results of `layers` (numbers in the plan), which are its results: "target.N".
Graph target_graph(const InferenceModel& model, const QuantizationPlan& plan, const std::vector<size_t>& layers);

/// The network with simulated quantization up to what `layers` (numbers in the plan) read first, which are its results:
/// "input.V", where V is the tensor's index. The arguments are the model's and those of range_tensors().
Graph input_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales,
                  const std::vector<size_t>& layers);

/// The network with simulated quantization, to measure accuracy where the integer network cannot run.
Graph simulated_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales);

}  // namespace fovea
