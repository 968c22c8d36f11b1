// SPDX-License-Identifier: Apache-2.0
/// \file
/// How integers stand for real numbers: real = scale * (q - zero) (Jacob et al. 2018, section 2.1; TensorFlow Lite 8-bit
/// quantization specification).
#pragma once

#include <cstdint>
#include <vector>

namespace fovea {

/// The quantization of one tensor: one scale and one zero point for all of it, or one pair for each position along `axis`.
struct Quantization {
  std::vector<float> scales;   ///< positive
  std::vector<int64_t> zeros;  ///< as many as scales; within the range of the storage type
  int64_t axis = -1;           ///< -1: one pair for the whole tensor

  /// Whether there is a pair for each position along an axis.
  bool per_channel() const { return axis >= 0; }
  /// Equal scales, zero points and axis.
  bool operator==(const Quantization&) const = default;
};

}  // namespace fovea
