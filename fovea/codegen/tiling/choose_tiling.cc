// SPDX-License-Identifier: Apache-2.0
// The pass fovea-choose-tiling.
#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/target/pass_target.h"
#include "fovea/codegen/tiling/tiling_attribute.h"
#include "fovea/codegen/tiling/tiling_verifier.h"

namespace fovea {

#define GEN_PASS_DECL_CHOOSETILINGPASS
#define GEN_PASS_DEF_CHOOSETILINGPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

class ChooseTilingPass : public impl::ChooseTilingPassBase<ChooseTilingPass> {
 public:
  explicit ChooseTilingPass(const Target* target) : target_(target) {}

  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<mlir::func::FuncOp>()) {
      if (!kernel->hasAttr("fovea.kernel")) continue;
      const auto choose = [&] {
        const Target& target = target_.of(triple_, cpu_);
        const KernelDescription description = read_packed_kernel(kernel, target);
        if (auto given = kernel->getAttrOfType<mlir::DictionaryAttr>(tiling_attribute))
          tiling_from(given, description);
        else
          set_tiling(kernel, choose_tiling(description, target), description);
      };
      if (failed(without_exceptions(getOperation(), choose))) return signalPassFailure();
    }
  }

 private:
  // A chosen tiling is verified like one from a file, so the two can never differ in what is accepted.
  static void set_tiling(mlir::func::FuncOp kernel, const Tiling& tiling, const KernelDescription& description) {
    verify_tiling(tiling, description);
    kernel->setAttr(tiling_attribute, attribute_of(tiling, kernel.getContext()));
  }

  PassTarget target_;
};

}  // namespace

std::unique_ptr<mlir::Pass> create_choose_tiling_pass(const Target* target) {
  return std::make_unique<ChooseTilingPass>(target);
}

}  // namespace fovea
