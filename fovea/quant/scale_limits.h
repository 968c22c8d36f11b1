// SPDX-License-Identifier: Apache-2.0
/// \file
/// Scales that integer arithmetic can represent together.
///
/// Runtimes multiply sums by ratios of scales and accept only some: XNNPACK's convolutions below 2^8, its sums 2^-10 to 2^8,
/// its products 2^-16 to 2^8. Trained networks stay within these limits. Dead channels, constant or vanishing activations, and
/// random weights may not; their ranges are widened until they do, which loses numbers that are far below the last bit of their
/// neighbors.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/quant/plan.h"

namespace fovea {

/// A range narrower than this contains only zeros (TensorFlow Lite's quantizer has the same limit).
inline constexpr float least_width = 2.220446e-16F;

/// The ranges, widened where necessary. A tensor of zeros counts like its operands.
RangeMap widened_ranges(const InferenceModel& model, const QuantizationPlan& plan, RangeMap ranges);

}  // namespace fovea
