// SPDX-License-Identifier: Apache-2.0
// How integers stand for real numbers: real = scale * (q - zero) (Jacob et al. 2018, section 2.1; TensorFlow Lite 8-bit
// quantization specification).
#pragma once

#include <cstdint>
#include <vector>

namespace fovea {

// Of one tensor. One scale and one zero point for all of it, or one pair for each position along `axis`.
struct Quantization {
  std::vector<float> scales;   // positive
  std::vector<int64_t> zeros;  // as many as scales; within the storage type's range
  int64_t axis = -1;           // -1: one pair for the whole tensor

  bool per_channel() const { return axis >= 0; }
  bool operator==(const Quantization&) const = default;
};

}  // namespace fovea
