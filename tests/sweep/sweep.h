// SPDX-License-Identifier: Apache-2.0
// Many cases, in processes of their own, so that crashes and hangs are findings, too.
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
  bool quiet = true;  // hides what MLIR and LLVM print on standard error
  std::function<void(const Finding&)> found;
  std::function<void(const Progress&)> progress;  // called after every batch
};

// Compares the cases in batches that go together. Returns how many were compared.
int64_t sweep(const std::vector<Case>& layers, const Options& options);

// `count` cases drawn by a seed from all cases.
std::vector<Case> drawn(uint64_t seed, int64_t count);
// The cases with numbers from `begin` to `end`.
std::vector<Case> enumerated(int64_t begin, int64_t end, uint64_t seed);

}  // namespace fovea::sweep
