// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/vector/schedule.h"

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
#include <mlir/Dialect/Affine/IR/AffineOps.h>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Arith/IR/ValueBoundsOpInterfaceImpl.h>
#include <mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h>
#include <mlir/Dialect/Arith/Transforms/Passes.h>
#include <mlir/Dialect/Bufferization/IR/Bufferization.h>
#include <mlir/Dialect/Bufferization/TransformOps/BufferizationTransformOps.h>
#include <mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h>
#include <mlir/Dialect/ControlFlow/IR/ControlFlowOps.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Index/IR/IndexDialect.h>
#include <mlir/Dialect/LLVMIR/LLVMDialect.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/Dialect/Linalg/Passes.h>
#include <mlir/Dialect/Linalg/TransformOps/DialectExtension.h>
#include <mlir/Dialect/Linalg/Transforms/AllInterfaces.h>
#include <mlir/Dialect/Linalg/Transforms/Transforms.h>
#include <mlir/Dialect/Math/IR/Math.h>
#include <mlir/Dialect/Math/Transforms/Passes.h>
#include <mlir/Dialect/MemRef/IR/MemRef.h>
#include <mlir/Dialect/MemRef/Transforms/Passes.h>
#include <mlir/Dialect/SCF/IR/SCF.h>
#include <mlir/Dialect/SCF/TransformOps/SCFTransformOps.h>
#include <mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h>
#include <mlir/Dialect/Tensor/TransformOps/TensorTransformOps.h>
#include <mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h>
#include <mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h>
#include <mlir/Dialect/Tensor/Transforms/Transforms.h>
#include <mlir/Dialect/Transform/IR/TransformDialect.h>
#include <mlir/Dialect/Transform/IR/TransformOps.h>
#include <mlir/Dialect/Transform/LoopExtension/LoopExtension.h>
#include <mlir/Dialect/Transform/Transforms/TransformInterpreterUtils.h>
#include <mlir/Dialect/Vector/IR/VectorOps.h>
#include <mlir/Dialect/Vector/TransformOps/VectorTransformOps.h>
#include <mlir/Dialect/Vector/Transforms/BufferizableOpInterfaceImpl.h>
#include <mlir/Dialect/Vector/Transforms/LoweringPatterns.h>
#include <mlir/Dialect/Vector/Transforms/SubsetOpInterfaceImpl.h>
#include <mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h>
#include <mlir/IR/AttrTypeSubElements.h>
#include <mlir/Parser/Parser.h>
#include <mlir/Pass/PassManager.h>
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>
#include <mlir/Transforms/Passes.h>

#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/codegen/schedule_text.h"
#include "fovea/codegen/vector/horizontal_reduction.h"
#include "fovea/codegen/vector/non_temporal_marks.h"
#include "fovea/codegen/vector/strided_views.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

void register_codegen_dialects(DialectRegistry& registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect, bufferization::BufferizationDialect, cf::ControlFlowDialect,
                  func::FuncDialect, index::IndexDialect, linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect, transform::TransformDialect,
                  vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  arith::registerValueBoundsOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::registerTransformDialectExtension(registry);
  linalg::registerAllDialectInterfaceImplementations(registry);
  linalg::registerTransformDialectExtension(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  scf::registerTransformDialectExtension(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
  tensor::registerTransformDialectExtension(registry);
  vector::registerBufferizableOpInterfaceExternalModels(registry);
  vector::registerSubsetOpInterfaceExternalModels(registry);
  transform::registerLoopExtension(registry);
  vector::registerTransformDialectExtension(registry);
}

namespace {

// Threads have stacks of a few MiB, and one of musl's 128 KiB.
constexpr int64_t largest_frame = 64 << 10;

// A packed run is a copy between two slices: written as a vector load and store, it stays in the kernel and out of libc.
struct CopyAsVectors : OpRewritePattern<memref::CopyOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(memref::CopyOp copy, PatternRewriter& rewriter) const override {
    auto type = cast<MemRefType>(copy.getSource().getType());
    if (!type.hasStaticShape()) return failure();
    if (type.getRank() == 0) {
      Value element = rewriter.create<memref::LoadOp>(copy.getLoc(), copy.getSource());
      rewriter.replaceOpWithNewOp<memref::StoreOp>(copy, element, copy.getTarget());
      return success();
    }
    Value zero = rewriter.create<arith::ConstantIndexOp>(copy.getLoc(), 0);
    const SmallVector<Value> origin(static_cast<size_t>(type.getRank()), zero);
    const SmallVector<bool> in_bounds(static_cast<size_t>(type.getRank()), true);
    Value read = rewriter.create<vector::TransferReadOp>(copy.getLoc(), VectorType::get(type.getShape(), type.getElementType()),
                                                         copy.getSource(), origin, ArrayRef<bool>(in_bounds));
    rewriter.create<vector::TransferWriteOp>(copy.getLoc(), read, copy.getTarget(), origin, ArrayRef<bool>(in_bounds));
    rewriter.eraseOp(copy);
    return success();
  }
};

// Numbers that do not lie side by side: MLIR would put the vector together in a loop, through memory.
struct ReadNumberByNumber : OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::TransferReadOp read, PatternRewriter& rewriter) const override {
    const VectorType type = read.getVectorType();
    const auto source = dyn_cast<MemRefType>(read.getSource().getType());
    if (!source || type.getRank() != 1 || read.getMask() || read.hasOutOfBoundsDim()) return failure();
    const auto walked = dyn_cast<AffineDimExpr>(read.getPermutationMap().getResult(0));
    SmallVector<int64_t> strides;
    int64_t offset = 0;
    if (!walked || failed(getStridesAndOffset(source, strides, offset)) || strides[walked.getPosition()] == 1) return failure();
    const Location location = read.getLoc();
    Value vector = rewriter.create<arith::ConstantOp>(location, rewriter.getZeroAttr(type));
    for (int64_t i = 0; i < type.getDimSize(0); ++i) {
      SmallVector<Value> indices(read.getIndices());
      Value& index = indices[walked.getPosition()];
      index = rewriter.create<arith::AddIOp>(location, index, rewriter.create<arith::ConstantIndexOp>(location, i));
      Value number = rewriter.create<memref::LoadOp>(location, read.getSource(), indices);
      vector = rewriter.create<vector::InsertOp>(location, number, vector, ArrayRef<int64_t>{i});
    }
    rewriter.replaceOp(read, vector);
    return success();
  }
};

// Vectors without dimensions are one element, wherever it lies: the patterns for transfers want the last stride to be 1.
struct ReadAsElement : OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::TransferReadOp read, PatternRewriter& rewriter) const override {
    if (read.getVectorType().getRank() != 0 || !isa<MemRefType>(read.getSource().getType()) || read.getMask()) return failure();
    Value element = rewriter.create<memref::LoadOp>(read.getLoc(), read.getSource(), read.getIndices());
    rewriter.replaceOpWithNewOp<vector::BroadcastOp>(read, read.getVectorType(), element);
    return success();
  }
};

struct WriteAsElement : OpRewritePattern<vector::TransferWriteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::TransferWriteOp write, PatternRewriter& rewriter) const override {
    if (write.getVectorType().getRank() != 0 || !isa<MemRefType>(write.getSource().getType()) || write.getMask())
      return failure();
    Value element = rewriter.create<vector::ExtractElementOp>(write.getLoc(), write.getVector());
    rewriter.replaceOpWithNewOp<memref::StoreOp>(write, element, write.getSource(), write.getIndices());
    return success();
  }
};

// MLIR 19 folds an inserted slice into the write of a vector that made it, without a look at whether that write made all of it:
// what other writes had put beside the vector would be lost (llvm-project, InsertSliceOfTransferWriteOpFolder).
struct FoldWholeWrites : RewritePattern {
  explicit FoldWholeWrites(std::unique_ptr<RewritePattern> folder)
      : RewritePattern(tensor::InsertSliceOp::getOperationName(), folder->getBenefit(), folder->getContext()),
        folder_(std::move(folder)) {}
  LogicalResult matchAndRewrite(Operation* insertion, PatternRewriter& rewriter) const override {
    auto write = cast<tensor::InsertSliceOp>(insertion).getSource().getDefiningOp<vector::TransferWriteOp>();
    if (!write || write.getMask() || write.hasOutOfBoundsDim() || !write.getShapedType().hasStaticShape() ||
        write.getVectorType().getNumElements() != write.getShapedType().getNumElements())
      return failure();
    return folder_->matchAndRewrite(insertion, rewriter);
  }

 private:
  std::unique_ptr<RewritePattern> folder_;
};

// Reads and writes of vectors reach through slices to the tensors that these are taken from.
void add_slice_folding(RewritePatternSet& patterns) {
  RewritePatternSet folders(patterns.getContext());
  tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(folders);
  const OperationName insertion(tensor::InsertSliceOp::getOperationName(), patterns.getContext());
  for (std::unique_ptr<RewritePattern>& folder : folders.getNativePatterns()) {
    if (folder->getRootKind() == insertion) folder = std::make_unique<FoldWholeWrites>(std::move(folder));
    patterns.add(std::move(folder));
  }
}

struct VectorizeLinalg : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(linalg::LinalgOp operation, PatternRewriter& rewriter) const override {
    return linalg::vectorize(rewriter, operation);
  }
};

void rewrite_functions(ModuleOp module, RewritePatternSet&& patterns) {
  const FrozenRewritePatternSet frozen(std::move(patterns));
  for (auto function : module.getOps<func::FuncOp>()) (void)applyPatternsAndFoldGreedily(function, frozen);
}

void vectorize_linalg(ModuleOp module) {
  MLIRContext* context = module.getContext();
  RewritePatternSet patterns(context);
  patterns.add<VectorizeLinalg>(context);
  vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
  vector::populateVectorReductionToContractPatterns(patterns);
  vector::populateSinkVectorBroadcastPatterns(patterns);
  vector::TransferReadOp::getCanonicalizationPatterns(patterns, context);
  vector::TransferWriteOp::getCanonicalizationPatterns(patterns, context);
  add_slice_folding(patterns);
  rewrite_functions(module, std::move(patterns));
}

void fold_slices(ModuleOp module) {
  MLIRContext* context = module.getContext();
  RewritePatternSet patterns(context);
  for (Dialect* dialect : context->getLoadedDialects()) dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName operation : context->getRegisteredOperations())
    operation.getCanonicalizationPatterns(patterns, context);
  add_slice_folding(patterns);
  vector::populateCastAwayVectorLeadingOneDimPatterns(patterns);
  rewrite_functions(module, std::move(patterns));
}

// A bf16 number is the upper half of an f32. Said with a shift, because LLVM takes a comparison of two extended numbers (the
// mask of a relu) for one of bf16, which x86 has no vector instruction for: it went number by number.
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

// What the kernel wrote is where its caller put it: nothing to return.
void drop_results(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    function.getBody().front().getTerminator()->setOperands({});
    function.setType(FunctionType::get(module.getContext(), function.getArgumentTypes(), {}));
    function.removeResAttrsAttr();
  }
}

// A kernel allocates nothing. Buffers that vectorization left (partial results too small for whole vectors) are used within one
// step of a loop, so each has its place in the frame once; bufferization carries none from one step to the next.
void buffers_to_stack(ModuleOp module) {
  int64_t bytes = 0;
  for (auto function : module.getOps<func::FuncOp>()) {
    OpBuilder builder(&function.front(), function.front().begin());
    SmallVector<memref::AllocOp> allocations;
    function.walk([&](memref::AllocOp allocation) { allocations.push_back(allocation); });
    for (memref::AllocOp allocation : allocations) {
      const MemRefType type = allocation.getType();
      if (!type.hasStaticShape()) fail("a kernel needs a buffer of unknown size");
      bytes += type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
      Value place = builder.create<memref::AllocaOp>(allocation.getLoc(), type, allocation.getAlignmentAttr());
      allocation.replaceAllUsesWith(place);
      allocation.erase();
    }
  }
  if (bytes > largest_frame) fail("a kernel needs {} bytes on the stack, more than {}", bytes, largest_frame);
}

// Without instructions for bf16 LLVM keeps single numbers of it as f32 and calls the C library to convert them. As 16 bits they
// are moved like any others.
void bf16_as_bits(ModuleOp module) {
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

void run(ModuleOp module, const char* what, llvm::function_ref<void(PassManager&)> fill) {
  PassManager passes(module.getContext());
  passes.enableVerifier(false);
  fill(passes);
  if (failed(passes.run(module))) fail("cannot lower a kernel: {}", what);
}

}  // namespace

Schedule::Schedule(MLIRContext& context) : library_(parseSourceString<ModuleOp>(schedule_text, &context)) {
  if (!library_) fail("the schedule does not parse");
}

void Schedule::apply(const char* sequence, ModuleOp payload) {
  transform::TransformOptions options;
  options.enableExpensiveChecks(false);
  auto root = library_->lookupSymbol<transform::NamedSequenceOp>(sequence);
  if (failed(transform::applyTransformNamedSequence(payload, root, *library_, options)))
    fail("the schedule failed at @{}", sequence);
}

void Schedule::tidy(ModuleOp tiles) {
  run(tiles, "tidy", [](PassManager& passes) {
    passes.addPass(createCSEPass());
    passes.addPass(createCanonicalizerPass());
  });
}

void Schedule::vectorize(ModuleOp tiles, const Target& target) {
  apply("drop_unit_dimensions", tiles);
  vectorize_linalg(tiles);
  apply("hoist", tiles);
  fold_slices(tiles);
  apply("bufferize", tiles);
  RewritePatternSet copies(tiles.getContext());
  copies.add<CopyAsVectors, ReadNumberByNumber>(tiles.getContext());
  add_horizontal_reduction_pattern(copies);
  add_strided_view_pattern(copies);
  (void)applyPatternsAndFoldGreedily(tiles, std::move(copies));
  drop_results(tiles);
  buffers_to_stack(tiles);
  apply("lower", tiles);
  lower_dot_products(tiles, target);
  RewritePatternSet elements(tiles.getContext());
  elements.add<ReadAsElement, WriteAsElement>(tiles.getContext());
  (void)applyPatternsAndFoldGreedily(tiles, std::move(elements));
  mark_non_temporal_stores(tiles);
}

void Schedule::lower_to_llvm(ModuleOp vectors, bool converts_bf16) {
  RewritePatternSet approximations(vectors.getContext());
  populateMathPolynomialApproximationPatterns(approximations);
  approximations.add<ExtendByShift>(vectors.getContext());
  (void)applyPatternsAndFoldGreedily(vectors, std::move(approximations));
  run(vectors, "to LLVM", [&](PassManager& passes) {
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
  });
  if (!converts_bf16) bf16_as_bits(vectors);
}

}  // namespace fovea
