// SPDX-License-Identifier: Apache-2.0
// A network of real numbers becomes one of integers.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/quant/plan.h"
#include "fovea/quant/simulation.h"

namespace fovea {

struct QuantizerOptions {
  WeightScales scales;
  // What the result reads: u8 or i8 (pixels; see InferenceModel::preprocessing), or f32, and then its results are f32, too.
  // Bytes in, bytes out: of type u8 or i8.
  DType input = DType::u8;
};

// `model` as folded() with norms_as_convolutions leaves it, `plan` of it, `ranges` of its groups. Every layer of the plan that
// is integer becomes an operator of integers; between them and layers in f32 stand quantize and dequantize. A result called
// "logits" becomes "probabilities", by a softmax, scale 1/256. Weights keep their names; so do biases, and one that is missing
// is called as in folded().
InferenceModel quantized(const InferenceModel& model, const QuantizationPlan& plan, const RangeMap& ranges,
                         const QuantizerOptions& options = {});

}  // namespace fovea
