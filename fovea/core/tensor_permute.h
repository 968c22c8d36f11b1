// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whole tensors in another order of dimensions or another element type, on the host.
#pragma once

#include <cstdint>
#include <span>

#include "fovea/core/tensor.h"

namespace fovea {

/// A copy of `tensor`, of any element type, whose dimension i is dimension `permutation[i]` of `tensor`. Fails when
/// `permutation` is not one of the dimensions.
Tensor permuted(const Tensor& tensor, std::span<const int64_t> permutation);

/// f16 and bf16 converted to f32, exactly; an f32 tensor itself, sharing storage. Fails on other types.
Tensor widened(const Tensor& tensor);

}  // namespace fovea
