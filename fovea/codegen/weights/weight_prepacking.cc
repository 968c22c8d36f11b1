// SPDX-License-Identifier: Apache-2.0
// The pass fovea-prepack-weights: weights are packed in the order in which tiles read them, before the run.
//
// The columns of a contraction are packed as a panel by every grid tile of every run (tile_packing.h). If that operand is known
// before the run, as a parameter or a hoisted tensor, the initializer packs all of it once, by a kernel of its own.

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>

#include <map>

#include "fovea/codegen/emit/tile_packing.h"
#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/target/pass_target.h"
#include "fovea/codegen/tiling/tiling.h"
#include "fovea/codegen/weights/initializer.h"
#include "fovea/passes/linalg_utils.h"

namespace fovea {

#define GEN_PASS_DECL_PREPACKWEIGHTSPASS
#define GEN_PASS_DEF_PREPACKWEIGHTSPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

struct Candidate {
  unsigned argument;  // of the kernel
  PackedLayout layout;
};

// The operand that the kernel's tiles would read as a panel, if it has one.
std::optional<Candidate> candidate_of(func::FuncOp kernel, const Target& target) {
  OwningOpRef<func::FuncOp> copy(kernel.clone());  // reading a kernel adds constants to it
  KernelDescription description = read_kernel(*copy);
  pack_dot_products(description, target);
  Tiling tiling = choose_tiling(description, target);
  const auto* products = std::get_if<ContractionTiling>(&tiling.kind);
  if (products == nullptr || !products->panel_input) return {};
  const Access& access = description.root.inputs[*products->panel_input];
  auto argument = dyn_cast<BlockArgument>(access.tensor);
  // With a slice, too much would be packed; a second reader needs the tensor as it is.
  if (!argument || !argument.hasOneUse() || !isa<linalg::GenericOp>(*argument.user_begin())) return {};
  const PackedOperand packed(Packing::prepacked, access, description.root, tiling);
  return Candidate{argument.getArgNumber(), packed.layout()};
}

class Packer {
 public:
  Packer(ModuleOp module, const Target& target) : module_(module), target_(target), initializer_(module) {}

  void run() {
    initializer_.for_each_candidate(
        [&](func::FuncOp kernel) { return candidate_of(kernel, target_); },
        [&](func::FuncOp kernel, ArrayRef<func::CallOp> calls, const Candidate& candidate) { pack(kernel, calls, candidate); });
    initializer_.drop_unread();
  }

 private:
  void pack(func::FuncOp kernel, ArrayRef<func::CallOp> callers, const Candidate& candidate) {
    BlockArgument argument = kernel.getArgument(candidate.argument);
    const auto type = cast<RankedTensorType>(argument.getType());
    const auto packed_type = RankedTensorType::get(candidate.layout.shape, type.getElementType());
    func::FuncOp packing = packing_kernel(type, packed_type, candidate.layout.source);
    for (func::CallOp call : callers) {
      call.setOperand(candidate.argument,
                      initializer_.hoisted(call.getOperand(candidate.argument), packing, {}, call.getLoc()));
    }
    read_hoisted(kernel, argument.getArgNumber(), packed_type);
  }

  // The kernel packed[i] = tensor[source(i)]. The last panel reaches beyond the columns, which are padded for that.
  func::FuncOp packing_kernel(RankedTensorType type, RankedTensorType packed_type, AffineMap source) {
    std::string key;
    llvm::raw_string_ostream(key) << type << packed_type << source;
    func::FuncOp& kernel = packings_[key];
    if (kernel) return kernel;
    OpBuilder builder(module_.getContext());
    const Location location = builder.getUnknownLoc();
    kernel = func::FuncOp::create(location, "pack", builder.getFunctionType(type, packed_type));
    kernel.setPrivate();
    kernel->setAttr("fovea.kernel", builder.getUnitAttr());
    kernel.setName(packings_.size() == 1 ? "pack" : "pack_" + std::to_string(packings_.size()));
    builder.setInsertionPointToStart(kernel.addEntryBlock());
    Value read = padded(builder, kernel.getArgument(0), packed_type, source);
    auto copy = make_elementwise(
        builder, location, packed_type.getShape(), read, source, packed_type.getElementType(),
        [](OpBuilder& inner, Block& block) { inner.create<linalg::YieldOp>(inner.getUnknownLoc(), block.getArgument(0)); });
    builder.create<func::ReturnOp>(location, copy.getResults());
    module_.push_back(kernel);
    return kernel;
  }

  static Value padded(OpBuilder& builder, Value tensor, RankedTensorType packed_type, AffineMap source) {
    const auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<OpFoldResult> low(type.getRank(), builder.getIndexAttr(0)), high;
    bool needed = false;
    for (auto [coordinate, expression] : llvm::enumerate(source.getResults())) {
      const LinearForm form = linear_form(expression, source.getNumDims());
      int64_t last = form.constant;
      for (auto [dim, coefficient] : llvm::enumerate(form.coefficients))
        last += coefficient * (packed_type.getDimSize(static_cast<unsigned>(dim)) - 1);
      const int64_t beyond = std::max<int64_t>(last + 1 - type.getDimSize(static_cast<unsigned>(coordinate)), 0);
      needed |= beyond > 0;
      high.push_back(builder.getIndexAttr(beyond));
    }
    if (!needed) return tensor;
    const Location location = builder.getUnknownLoc();
    Value zero = builder.create<arith::ConstantOp>(location, builder.getZeroAttr(type.getElementType()));
    return builder.create<tensor::PadOp>(location, Type(), tensor, low, high, zero);
  }

  ModuleOp module_;
  const Target& target_;
  InitializerWriter initializer_;
  std::map<std::string, func::FuncOp> packings_;
};

class PrepackWeightsPass : public impl::PrepackWeightsPassBase<PrepackWeightsPass> {
 public:
  explicit PrepackWeightsPass(const Target* target) : target_(target) {}

  void runOnOperation() override {
    if (failed(without_exceptions(getOperation(), [&] { Packer(getOperation(), target_.of(triple_, cpu_)).run(); })))
      signalPassFailure();
  }

 private:
  PassTarget target_;
};

}  // namespace

std::unique_ptr<Pass> create_prepack_weights_pass(const Target* target) { return std::make_unique<PrepackWeightsPass>(target); }

}  // namespace fovea
