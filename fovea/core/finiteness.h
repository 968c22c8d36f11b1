// SPDX-License-Identifier: Apache-2.0
/// \file
/// Infinities and NaNs among numbers.
#pragma once

#include "fovea/core/tensor.h"

namespace fovea {

/// The worst kind among some numbers, from best to worst. Integers are always finite.
enum class Finiteness : uint8_t { finite, infinite, nan };
/// The worst of `count` numbers of the type, contiguous; `finite` when there are none. One pass over the memory.
Finiteness finiteness(const std::byte* numbers, int64_t count, DType dtype);
/// The worst of a tensor's elements.
Finiteness finiteness(const Tensor& tensor);

}  // namespace fovea
