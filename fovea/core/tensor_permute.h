// SPDX-License-Identifier: Apache-2.0
// Whole tensors in another order or another element type, on the host.
#pragma once

#include <cstdint>
#include <span>

#include "fovea/core/tensor.h"

namespace fovea {

// Dimension i of the result is dimension `permutation[i]` of `tensor`, of any element type. Fails on what is no permutation.
Tensor permuted(const Tensor& tensor, std::span<const int64_t> permutation);

// f16 and bf16 as f32, exactly; f32 as it is. Fails on other types.
Tensor widened(const Tensor& tensor);

}  // namespace fovea
