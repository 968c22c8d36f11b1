// SPDX-License-Identifier: Apache-2.0
// Halo peeling: padded inputs are read without packing, and taps in the padding are skipped instead of copying the image with
// zeros around it.
//
// A padded coordinate is `step * position + tap_step * tap + shift`. Along `position` there is a range of indices for which
// every tap is inside the tensor (the steady state); before it (prologue) and after it (epilogue) only some taps are.
// tap lies inside the tensor; before and behind it, only some of the taps do.
#pragma once

#include <optional>

#include "fovea/codegen/kernel/kernel.h"

namespace fovea {

struct PaddingHalo {
  unsigned position, tap;  ///< dimensions of the domain; the tap is the shorter one
  int64_t step, tap_step;  ///< tap_step is 1 or -1
  int64_t shift;           ///< in the tensor, without its padding
  int64_t extent;          ///< of the tensor's coordinate
  int64_t taps;
  int64_t inside_begin, inside_end;  ///< positions whose taps are all inside; may be empty
};

/// The halos of a contraction's inputs. Nothing when an input cannot be read like that: for padding that does not become zero,
/// dilated taps, a coordinate of more than two dimensions, or windows that move along results in one coordinate and along sums
/// in another.
std::optional<llvm::SmallVector<PaddingHalo>> padding_halos(const KernelDescription& kernel);

}  // namespace fovea
