// SPDX-License-Identifier: Apache-2.0
// Whether numbers are numbers.
#pragma once

#include "fovea/core/tensor.h"

namespace fovea {

// Of numbers: the worst of them. Integers are always finite.
enum class Finiteness : uint8_t { finite, infinite, nan };
Finiteness finiteness(const std::byte* numbers, int64_t count, DType dtype);
Finiteness finiteness(const Tensor& tensor);

}  // namespace fovea
