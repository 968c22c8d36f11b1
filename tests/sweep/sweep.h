// SPDX-License-Identifier: Apache-2.0
// Many cases, in processes of their own: what crashes or hangs is found like anything else.
#pragma once

#include <functional>

#include "tests/sweep/batch.h"

namespace fovea::sweep {

struct Progress {
  int64_t compared = 0, all = 0;
  double seconds = 0;
};

struct Options {
  int processes = 1;
  bool quiet = true;  // what MLIR and LLVM say on standard error is not shown
  std::function<void(const Finding&)> found;
  std::function<void(const Progress&)> progress;  // after every batch
};

// The cases in batches that go together. Gives how many were compared.
int64_t sweep(const std::vector<Case>& layers, const Options& options);

// `count` cases drawn by a seed from all there are.
std::vector<Case> drawn(uint64_t seed, int64_t count);
// Those with numbers from `begin` to `end`.
std::vector<Case> enumerated(int64_t begin, int64_t end, uint64_t seed);

}  // namespace fovea::sweep
