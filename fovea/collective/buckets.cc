// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/buckets.h"

#include <algorithm>
#include <numeric>

namespace fovea {

std::vector<Bucket> buckets_of(std::span<const StepProfile::Gradient> tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return tensors[i].kernel; });
  std::vector<Bucket> buckets;
  for (const size_t i : order) {
    if (buckets.empty() || buckets.back().bytes >= bucket_bytes) buckets.emplace_back();
    buckets.back().members.push_back(i);
    buckets.back().bytes += tensors[i].bytes;
    buckets.back().kernel = tensors[i].kernel;
  }
  return buckets;
}

}  // namespace fovea
