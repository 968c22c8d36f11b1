// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which gradients travel together while others are still computed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/collective/step_plan.h"

namespace fovea {

/// Bytes from which a bucket is full: enough to make latencies small, and little beside all gradients.
constexpr int64_t bucket_bytes = int64_t{4} << 20;

/// Tensors that are exchanged together.
struct Bucket {
  std::vector<size_t> members;  ///< indices of the tensors
  int64_t bytes = 0;            ///< of all of them
  size_t kernel = 0;            ///< index of the last kernel that writes one of them
};

/// Divides tensors into buckets in the order in which they are final. A bucket takes further tensors as long as it has less
/// than bucket_bytes.
std::vector<Bucket> buckets_of(std::span<const StepProfile::Gradient> tensors);

}  // namespace fovea
