// SPDX-License-Identifier: Apache-2.0
// Halo peeling: padded inputs are read without packing, and taps in the padding are skipped instead of copying the image with
// zeros around it.
//
// A padded coordinate is `step * position + tap_step * tap + shift`. For a range of positions every tap is inside the tensor
// (the steady state); before it (prologue) and after it (epilogue) only some taps are.
#pragma once

#include <optional>

#include "fovea/codegen/kernel/kernel.h"

namespace fovea {

/// One coordinate of a window that reaches into the padding.
struct PaddingHalo {
  unsigned position, tap;  ///< dimensions of the domain; the tap is the shorter one
  int64_t step, tap_step;  ///< tap_step is 1 or -1
  int64_t shift;           ///< the coordinate of tap 0 at position 0, in the tensor without its padding
  int64_t extent;          ///< of the tensor's coordinate
  int64_t taps;
  int64_t inside_begin, inside_end;  ///< positions whose taps are all inside; may be empty
};

/// The halos of a contraction's inputs; empty without padding. No value where an input cannot be read without packing: the
/// padding does not become zero, taps are dilated, a coordinate has more than two dimensions, or windows move along results in
/// one coordinate and along a reduction in another.
std::optional<llvm::SmallVector<PaddingHalo>> padding_halos(const KernelDescription& kernel);

}  // namespace fovea
