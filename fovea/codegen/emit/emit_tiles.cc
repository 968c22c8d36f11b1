// SPDX-License-Identifier: Apache-2.0
// The pass fovea-emit-tiles.
#include "fovea/codegen/emit/tile_program.h"
#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/target/pass_target.h"
#include "fovea/codegen/tiling/tiling_attribute.h"
#include "fovea/codegen/tiling/tiling_verifier.h"
#include "fovea/passes/passes.h"

namespace fovea {

#define GEN_PASS_DECL_EMITTILESPASS
#define GEN_PASS_DEF_EMITTILESPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

class EmitTilesPass : public impl::EmitTilesPassBase<EmitTilesPass> {
 public:
  explicit EmitTilesPass(const Target* target) : target_(target) {}

  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<mlir::func::FuncOp>())) {
      if (function->hasAttr("fovea.kernel") && failed(without_exceptions(getOperation(), [&] { emit(function); })))
        return signalPassFailure();
      function.erase();
    }
  }

 private:
  void emit(mlir::func::FuncOp kernel) {
    const Target& target = target_.of(triple_, cpu_);
    const KernelDescription description = read_packed_kernel(kernel, target);
    const auto given = kernel->getAttrOfType<mlir::DictionaryAttr>(tiling_attribute);
    const Tiling tiling = given ? tiling_from(given, description) : choose_tiling(description, target);
    if (!given && verify_after_passes) verify_tiling(tiling, description);
    write_tile_program(description, tiling);
  }

  PassTarget target_;
};

}  // namespace

std::unique_ptr<mlir::Pass> create_emit_tiles_pass(const Target* target) { return std::make_unique<EmitTilesPass>(target); }

}  // namespace fovea
