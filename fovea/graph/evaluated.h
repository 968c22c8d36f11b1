// SPDX-License-Identifier: Apache-2.0
/// \file
/// Operators on tensors that are known before a network runs, computed on the host.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

/// Whether evaluated() computes the operator of that name ("add", "rsqrt", "reshape", ...).
bool is_evaluated(std::string_view op);

/// The result, of that shape, of the operator of that name on these tensors of one type, f32 or f64, in that type; nothing for
/// an operator that is neither arithmetic on elements nor a reshape. A cast between real types keeps the type of its operand:
/// numbers are rounded once, by the caller, and not where the network would round them.
std::optional<Tensor> evaluated(std::string_view op, const std::vector<Tensor>& operands, const Shape& shape);

}  // namespace fovea
