// SPDX-License-Identifier: Apache-2.0
// Lowers vectors and memory to LLVM's dialect: the pipeline fovea-lower-to-llvm.
#include <mlir/Conversion/AffineToStandard/AffineToStandard.h>
#include <mlir/Conversion/ArithToLLVM/ArithToLLVM.h>
#include <mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h>
#include <mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h>
#include <mlir/Conversion/IndexToLLVM/IndexToLLVM.h>
#include <mlir/Conversion/MathToLLVM/MathToLLVM.h>
#include <mlir/Conversion/MathToLibm/MathToLibm.h>
#include <mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h>
#include <mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h>
#include <mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h>
#include <mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h>
#include <mlir/Conversion/VectorToSCF/VectorToSCF.h>
#include <mlir/Dialect/Arith/Transforms/Passes.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/Passes.h>
#include <mlir/Dialect/Math/Transforms/Passes.h>
#include <mlir/Dialect/MemRef/Transforms/Passes.h>
#include <mlir/IR/AttrTypeSubElements.h>
#include <mlir/Pass/PassRegistry.h>
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>
#include <mlir/Transforms/Passes.h>

#include "fovea/codegen/passes.h"

namespace fovea {

#define GEN_PASS_DEF_EXPANDMATHPASS
#define GEN_PASS_DEF_CARRYBF16ASBITSPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

// A bf16 number is the upper half of an f32. As an arith.extf, LLVM would turn a comparison of two extended numbers (the mask
// of a relu) into one of bf16, for which x86 has no vector instruction, and scalarize it. As a shift it stays a vector.
struct ExtendByShift : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp extension, PatternRewriter& rewriter) const override {
    const Type narrow = extension.getIn().getType(), wide = extension.getType();
    if (!getElementTypeOrSelf(narrow).isBF16() || !getElementTypeOrSelf(wide).isF32()) return failure();
    const Location location = extension.getLoc();
    auto with_element = [](Type like, Type element) -> Type {
      const auto vector = dyn_cast<VectorType>(like);
      return vector ? Type(VectorType::get(vector.getShape(), element)) : element;
    };
    const Type bits = with_element(wide, rewriter.getI32Type());
    Value half =
        rewriter.create<arith::BitcastOp>(location, with_element(narrow, rewriter.getIntegerType(16)), extension.getIn());
    Value whole = rewriter.create<arith::ExtUIOp>(location, bits, half);
    const IntegerAttr sixteen = rewriter.getI32IntegerAttr(16);
    const auto vector = dyn_cast<VectorType>(bits);
    Value places = rewriter.create<arith::ConstantOp>(
        location, vector ? TypedAttr(DenseElementsAttr::get(vector, sixteen.getValue())) : TypedAttr(sixteen));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(extension, wide,
                                                  rewriter.create<arith::ShLIOp>(location, whole, places).getResult());
    return success();
  }
};

// On a processor without instructions for bf16, LLVM keeps scalars of it as f32 and calls the C library to convert them. As
// 16-bit integers they are loaded and stored like any others.
void carry_bf16_as_bits(ModuleOp module) {
  const Type bits = IntegerType::get(module.getContext(), 16);
  module.walk([&](LLVM::ConstantOp constant) {
    const auto type = dyn_cast<ShapedType>(constant.getType());
    if (!(type ? type.getElementType() : constant.getType()).isBF16()) return;
    auto pattern = [&](const APFloat& value) { return value.bitcastToAPInt(); };
    if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
      constant.setValueAttr(IntegerAttr::get(bits, pattern(number.getValue())));
    else if (auto elements = dyn_cast<DenseFPElementsAttr>(constant.getValue()))
      constant.setValueAttr(elements.mapValues(bits, pattern));
  });
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](BFloat16Type) { return bits; });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  module.walk([](LLVM::BitcastOp cast) {
    if (cast.getArg().getType() != cast.getType()) return;
    cast.replaceAllUsesWith(cast.getArg());
    cast.erase();
  });
}

class ExpandMathPass : public impl::ExpandMathPassBase<ExpandMathPass> {
 public:
  void runOnOperation() override {
    RewritePatternSet approximations(&getContext());
    populateMathPolynomialApproximationPatterns(approximations);
    approximations.add<ExtendByShift>(&getContext());
    (void)applyPatternsAndFoldGreedily(getOperation(), std::move(approximations));
  }
};

class CarryBf16AsBitsPass : public impl::CarryBf16AsBitsPassBase<CarryBf16AsBitsPass> {
 public:
  void runOnOperation() override { carry_bf16_as_bits(getOperation()); }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_expand_math_pass() { return std::make_unique<ExpandMathPass>(); }
std::unique_ptr<mlir::Pass> create_carry_bf16_as_bits_pass() { return std::make_unique<CarryBf16AsBitsPass>(); }

void add_lower_to_llvm_passes(mlir::OpPassManager& passes, bool converts_bf16) {
  passes.addPass(create_expand_math_pass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createLoopInvariantCodeMotionPass());
  passes.addNestedPass<func::FuncOp>(createConvertVectorToSCFPass());
  passes.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createConvertSCFToCFPass());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(arith::createArithExpandOpsPass({.includeBf16 = !converts_bf16}));
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertIndexToLLVMPass());
  ConvertFuncToLLVMPassOptions function_options;
  function_options.useBarePtrCallConv = true;
  passes.addPass(createConvertFuncToLLVMPass(function_options));
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  if (!converts_bf16) passes.addPass(create_carry_bf16_as_bits_pass());
}

#define GEN_PASS_REGISTRATION
#include "fovea/codegen/Passes.h.inc"

void register_codegen_passes() {
  registerFoveaCodegenPasses();
  struct Options : mlir::PassPipelineOptions<Options> {
    Option<bool> converts_bf16{*this, "converts-bf16", llvm::cl::desc("the processor has instructions for bf16")};
  };
  static const mlir::PassPipelineRegistration<Options> lower_to_llvm(
      "fovea-lower-to-llvm", "from vectors and memory to LLVM's dialect",
      [](mlir::OpPassManager& passes, const Options& options) { add_lower_to_llvm_passes(passes, options.converts_bf16); });
  static const mlir::PassPipelineRegistration<> lower_to_spirv(
      "fovea-lower-to-spirv", "from a kernel in the gpu dialect to SPIR-V", add_lower_to_spirv_passes);
  static const mlir::PassPipelineRegistration<> lower_to_nvvm(
      "fovea-lower-to-nvvm", "from a kernel in the gpu dialect to LLVM's with NVVM",
      [](mlir::OpPassManager& passes) { add_lower_to_gpu_llvm_passes(passes, GpuTarget::named("sm_80")); });
  static const mlir::PassPipelineRegistration<> lower_to_rocdl(
      "fovea-lower-to-rocdl", "from a kernel in the gpu dialect to LLVM's with ROCDL",
      [](mlir::OpPassManager& passes) { add_lower_to_gpu_llvm_passes(passes, GpuTarget::named("gfx90a")); });
}

}  // namespace fovea
