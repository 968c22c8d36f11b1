// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/staging.h"

#include <algorithm>
#include <cstring>

namespace fovea {

namespace {

constexpr int64_t most_for_parameters = int64_t{16} << 20;

}  // namespace

Staging::Staging(const ProgramPlan& plan, const TensorPlaces& places) {
  int64_t staged = 0, largest = 0;
  const auto add = [&](std::vector<Transfer>& transfers, size_t tensor, TensorPlace place) {
    transfers.push_back({tensor, place, staged});
    staged += (place.bytes + 15) / 16 * 16;
  };
  for (size_t i = 0; i < plan.arguments.size(); ++i) {
    if (plan.arguments[i].input) add(inputs_, i, places.arguments()[i]);
    largest = std::max(largest, places.arguments()[i].bytes);
  }
  for (size_t i = 0; i < plan.results.size(); ++i)
    if (plan.result_replaces[i] < 0) add(results_, results_.size(), places.results()[i]);
  bytes_ = std::max({staged, std::min(largest, most_for_parameters), int64_t{1} << 16});
}

void Staging::stage(const std::vector<Tensor*>& arguments, std::byte* data) const {
  for (const Transfer& input : inputs_)
    std::memcpy(data + input.staged, arguments[input.tensor]->raw(), static_cast<size_t>(input.place.bytes));
}

void Staging::unstage(const std::byte* data, const std::vector<Tensor*>& results) const {
  for (const Transfer& result : results_)
    std::memcpy(results[result.tensor]->raw(), data + result.staged, static_cast<size_t>(result.place.bytes));
}

}  // namespace fovea
