// SPDX-License-Identifier: Apache-2.0
// Scales that integer arithmetic can hold together.
//
// Runtimes multiply sums by ratios of scales, and take only some: XNNPACK's convolutions below 2^8, its sums 2^-10 to 2^8, its
// products 2^-16 to 2^8. Trained networks keep within them. Dead channels, activations that are constant or vanish, and random
// weights do not; their ranges are widened until they do, which costs what is far below the last bit of its neighbors.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/quant/plan.h"

namespace fovea {

// A range narrower than this holds nothing but zeros (TensorFlow Lite's quantizer has the same bound).
inline constexpr float least_width = 2.220446e-16F;

// `ranges` with those widened that have to be. What holds only zeros counts as what it is made from does.
RangeMap widened_ranges(const InferenceModel& model, const QuantizationPlan& plan, RangeMap ranges);

}  // namespace fovea
