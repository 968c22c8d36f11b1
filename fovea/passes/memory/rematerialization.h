// SPDX-License-Identifier: Apache-2.0
// Which tensors a training step recomputes in its backward pass instead of keeping them. Does not use MLIR.
#pragma once

#include <cstdint>

#include "fovea/passes/memory/call_list.h"

namespace fovea {

struct Rematerialization {
  CallList list;  ///< with the repeated calls, each before the call that needs it
  bool fits = false;
  int64_t bytes_before = 0;  ///< of the arena
  int64_t bytes = 0;         ///< with the repetitions; the least that was found when nothing fits
  int repeated = 0;          ///< calls
  double multiply_adds = 0;  ///< of all calls, without the repeated ones
  double extra_multiply_adds = 0;
  double extra_work = 0;  ///< share of all work, where a byte moved counts as a few multiply-adds
};

/// Chooses the least repeated work whose memory plan takes at most `arena_bytes`. A tensor that is kept for long between two
/// uses may be dropped and recomputed from what is still there; operands that were dropped, too, are recomputed first, and are
/// kept for the later steps of the backward pass that need them. There are two ways of choosing, both beginning with the
/// tensors that cost the least work for their size: only those of element-wise work and reductions; and all except the borders
/// of segments, for many segment sizes (Chen et al., "Training deep nets with sublinear memory cost", 2016, section 4). Borders
/// are where the least memory is alive, such as between two residual blocks. Every choice is measured by the plan itself.
Rematerialization choose_rematerialization(const CallList& list, int64_t arena_bytes);

}  // namespace fovea
