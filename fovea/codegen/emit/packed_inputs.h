// SPDX-License-Identifier: Apache-2.0
// The root op's inputs as a block reads them: from memory, or from packed copies in scratch.
#pragma once

#include <vector>

#include "fovea/codegen/emit/tile_function.h"

namespace fovea {

/// The inputs of one kernel.
class PackedInputs {
 public:
  /// Reserves scratch for the inputs that the tiling packs.
  PackedInputs(const KernelDescription& kernel, const Tiling& tiling, ScratchPlan& scratch);

  /// The input of this number.
  const PackedOperand& operator[](size_t input) const { return operands_[input]; }
  /// For each input, the position of its copy among the values that the loops carry, if it is packed.
  llvm::ArrayRef<std::optional<size_t>> places() const { return places_; }

  /// Emits the packing of the block at `position`. The result also has the origins of the copies.
  TilePosition pack(TileFunction& function, const TilePosition& position, TileState& state) const;

 private:
  const LinalgOperation& root_;
  std::vector<PackedOperand> operands_;
  llvm::SmallVector<std::optional<size_t>> places_;
};

}  // namespace fovea
