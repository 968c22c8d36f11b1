// SPDX-License-Identifier: Apache-2.0
/// \file
/// Converts a float network to an integer network.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/quant/plan.h"
#include "fovea/quant/simulation.h"

namespace fovea {

/// How a network is quantized.
struct QuantizerOptions {
  WeightScales scales;  ///< of weights
  /// The type of the result's input: u8 or i8 (pixels; see InferenceModel::preprocessing), or f32. With f32, results are f32,
  /// too, and with bytes they are u8 or i8.
  DType input = DType::u8;
};

/// The integer network. `model` must be as folded() with norms_as_convolutions returns it, `plan` its plan, and `ranges` those
/// of its groups. Every integer layer of the plan becomes an integer operator, with quantize and dequantize between them and
/// layers in f32. A result named "logits" becomes "probabilities" by a softmax with scale 1/256. Weights and biases keep their
/// names; a new bias is named as in folded().
InferenceModel quantized(const InferenceModel& model, const QuantizationPlan& plan, const RangeMap& ranges,
                         const QuantizerOptions& options = {});

}  // namespace fovea
