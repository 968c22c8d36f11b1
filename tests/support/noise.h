// SPDX-License-Identifier: Apache-2.0
// Random tensors.
#pragma once

#include "fovea/core/random.h"
#include "fovea/core/tensor.h"

namespace fovea {

// Normal numbers in f32, a function of shape, seed and stream.
inline Tensor normal_noise(const Shape& shape, uint64_t seed, uint64_t stream) {
  Random random(seed, stream);
  Tensor tensor(shape, DType::f32);
  for (float& value : tensor.values<float>()) value = random.normal();
  return tensor;
}

}  // namespace fovea
