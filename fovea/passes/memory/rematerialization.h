// SPDX-License-Identifier: Apache-2.0
// What a training step computes again in its backward pass, so that less has to be kept for it. No MLIR.
#pragma once

#include <cstdint>

#include "fovea/passes/memory/call_list.h"

namespace fovea {

struct Rematerialization {
  CallList list;  // with the repeated calls, each before the call that needs it
  bool fits = false;
  int64_t bytes_before = 0;  // of the arena
  int64_t bytes = 0;         // with the repetitions; the least that was found where nothing fits
  int repeated = 0;          // calls
  double multiply_adds = 0;  // of all calls, without the repeated ones
  double extra_multiply_adds = 0;
  double extra_work = 0;  // share of all work, a byte moved being counted as a few multiply-adds
};

// The least repeated work whose memory plan takes at most `arena_bytes`. A tensor that is kept for long between two uses may be
// dropped and made again from what is still there; what that needs and was dropped, too, is made again first, and stays for the
// steps back that will want it. Two ways of choosing are tried, from the cheapest tensors for their size on: those of
// element-wise work and reductions alone, and all but the borders of segments, for segments of many sizes (Chen et al.,
// "Training deep nets with sublinear memory cost", 2016, section 4). Borders lie where the least is alive, between two residual
// blocks, for one. Every choice is measured by the plan itself.
Rematerialization choose_rematerialization(const CallList& list, int64_t arena_bytes);

}  // namespace fovea
