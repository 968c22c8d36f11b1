// SPDX-License-Identifier: Apache-2.0
// The root's inputs as a block reads them: where they lie, or from scratch.
#pragma once

#include <vector>

#include "fovea/codegen/emit/tile_function.h"

namespace fovea {

class PackedInputs {
 public:
  /// Plans the scratch of what the tiling packs.
  PackedInputs(const KernelDescription& kernel, const Tiling& tiling, ScratchPlan& scratch);

  const PackedOperand& operator[](size_t input) const { return operands_[input]; }
  /// Per root input its copy's place in what the loops carry.
  llvm::ArrayRef<std::optional<size_t>> places() const { return places_; }

  /// Packs the block at `position`; the result knows where the copies begin.
  TilePosition pack(TileFunction& function, const TilePosition& position, TileState& state) const;

 private:
  const LinalgOperation& root_;
  std::vector<PackedOperand> operands_;
  llvm::SmallVector<std::optional<size_t>> places_;
};

}  // namespace fovea
