// SPDX-License-Identifier: Apache-2.0
/// \file
/// Reports images that could not be read: each is named once on standard error, and counted.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/loader.h"

namespace fovea {

/// Collects the corrupt samples of a run. One thread at a time.
class CorruptSampleReport {
 public:
  /// Prints the messages of samples that were not reported before.
  void report(const std::vector<CorruptSample>& damaged, Progress& progress) {
    for (const CorruptSample& damage : damaged) {
      if (!seen_.insert(damage.image).second) continue;
      samples_.push_back(damage);
      progress.say(fmt::format("skipped: {}", damage.message));
    }
  }
  /// Whether the image at this index of the data set was reported as corrupt.
  bool contains(int64_t image) const { return seen_.contains(image); }
  /// The samples, in the order in which they were reported; valid until report() is called.
  const std::vector<CorruptSample>& samples() const { return samples_; }
  /// How many different images were corrupt.
  int64_t images() const { return static_cast<int64_t>(seen_.size()); }

 private:
  std::set<int64_t> seen_;
  std::vector<CorruptSample> samples_;
};

}  // namespace fovea
