// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/packed_inputs.h"

namespace fovea {

PackedInputs::PackedInputs(const KernelDescription& kernel, const Tiling& tiling, ScratchPlan& scratch) : root_(kernel.root) {
  for (auto [access, packing] : llvm::zip_equal(root_.inputs, tiling.packing)) {
    operands_.emplace_back(packing, access, root_, tiling);
    places_.emplace_back();
    if (packing == Packing::input_tile || packing == Packing::panel)
      places_.back() = scratch.add(operands_.back().scratch_type(access.packed_element()));
  }
}

TilePosition PackedInputs::pack(TileFunction& function, const TilePosition& position, TileState& state) const {
  TilePosition packed = position;
  packed.origins.resize(operands_.size());
  for (size_t i = 0; i < operands_.size(); ++i) {
    if (!places_[i]) continue;
    mlir::Value& scratch = state[*places_[i]];
    PackedBlock block = operands_[i].pack(function.builder(), function.argument(root_.inputs[i].tensor, state), scratch,
                                          position.start, position.stop);
    scratch = block.scratch;
    packed.origins[i] = std::move(block.origin);
  }
  return packed;
}

}  // namespace fovea
