// SPDX-License-Identifier: Apache-2.0
// From a kernel in the gpu dialect to what drivers compile: the pipelines fovea-lower-to-spirv, -nvvm and -rocdl,
// SPIR-V, and assembly.
#include "fovea/codegen/gpu/gpu_module.h"

#include <mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h>
#include <mlir/Conversion/GPUToROCDL/GPUToROCDLPass.h>
#include <mlir/Conversion/GPUToSPIRV/GPUToSPIRVPass.h>
#include <mlir/Conversion/MathToLLVM/MathToLLVM.h>
#include <mlir/Conversion/MathToSPIRV/MathToSPIRVPass.h>
#include <mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h>
#include <mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h>
#include <mlir/Dialect/GPU/IR/GPUDialect.h>
#include <mlir/Dialect/LLVMIR/NVVMDialect.h>
#include <mlir/Dialect/LLVMIR/ROCDLDialect.h>
#include <mlir/Dialect/Math/IR/Math.h>
#include <mlir/Dialect/Math/Transforms/Passes.h>
#include <mlir/Dialect/SPIRV/IR/SPIRVDialect.h>
#include <mlir/Dialect/SPIRV/IR/SPIRVOps.h>
#include <mlir/Dialect/SPIRV/Transforms/Passes.h>
#include <mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/ROCDL/ROCDLToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Export.h>
#include <mlir/Target/SPIRV/Serialization.h>
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>
#include <mlir/Transforms/Passes.h>

#include <cstring>

#include "fovea/codegen/llvm/kernel_pipeline.h"
#include "fovea/codegen/llvm/machine_code.h"
#include "fovea/codegen/passes.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

namespace {

void add_tidying_passes(OpPassManager& passes) {
  passes.addPass(create_bf16_bits_pass());
  passes.addPass(create_expand_math_pass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createLoopInvariantCodeMotionPass());
}

// A rewriting of kernels on their way to LLVM's dialect.
class RewriteKernels : public PassWrapper<RewriteKernels, OperationPass<gpu::GPUModuleOp>> {
 public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RewriteKernels)
  using Rewrite = void (*)(gpu::GPUModuleOp);
  explicit RewriteKernels(Rewrite rewrite) : rewrite_(rewrite) {}
  void getDependentDialects(DialectRegistry& registry) const override { registry.insert<LLVM::LLVMDialect>(); }
  void runOnOperation() override { rewrite_(getOperation()); }

 private:
  Rewrite rewrite_;
};

// Powers become exponentials of logarithms, for which there are polynomials.
void expand_powers(gpu::GPUModuleOp kernels) {
  RewritePatternSet patterns(kernels.getContext());
  populateExpandPowFPattern(patterns);
  (void)applyPatternsAndFoldGreedily(kernels, std::move(patterns));
}

// MLIR's conversions to NVVM and ROCDL would make calls of libraries of these functions, for which LLVM has intrinsics.
void call_intrinsics(gpu::GPUModuleOp kernels) {
  kernels.walk([](Operation* op) {
    const char* name = isa<math::SqrtOp>(op)    ? "llvm.sqrt"
                       : isa<math::AbsFOp>(op)  ? "llvm.fabs"
                       : isa<math::FloorOp>(op) ? "llvm.floor"
                       : isa<math::CeilOp>(op)  ? "llvm.ceil"
                                                : nullptr;
    if (name == nullptr || !op->getResult(0).getType().isF32()) return;
    OpBuilder builder(op);
    const std::string intrinsic = std::string(name) + ".f32";
    auto call = builder.create<LLVM::CallIntrinsicOp>(op->getLoc(), TypeRange(op->getResultTypes()), StringRef(intrinsic),
                                                      op->getOperands());
    op->replaceAllUsesWith(call.getOperation());
    op->erase();
  });
}

gpu::GPUModuleOp source_of(ModuleOp module) {
  const auto sources = module.getOps<gpu::GPUModuleOp>();
  if (sources.empty()) fail("there is no kernel in the gpu dialect");
  return *sources.begin();
}

// What fovea-emit-gpu has written about the dispatch; `function` may have been lowered since then.
DeviceKernel dispatched(Operation* function, StringRef entry) {
  DeviceKernel kernel;
  const auto dispatch = function->getAttrOfType<DictionaryAttr>(dispatch_attribute);
  const auto workgroups = dispatch.getAs<DenseI64ArrayAttr>("workgroups");
  kernel.workgroups = {static_cast<uint32_t>(workgroups[0]), static_cast<uint32_t>(workgroups[1])};
  kernel.invocations = dispatch.getAs<IntegerAttr>("invocations").getInt();
  kernel.workgroup_bytes = dispatch.getAs<IntegerAttr>("workgroup_bytes").getInt();
  kernel.entry = entry.str();
  return kernel;
}

}  // namespace

void register_gpu_dialects(DialectRegistry& registry) {
  registry.insert<gpu::GPUDialect, NVVM::NVVMDialect, ROCDL::ROCDLDialect, spirv::SPIRVDialect>();
}

void register_gpu_translations(DialectRegistry& registry) {
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  registerROCDLDialectTranslation(registry);
}

void add_lower_to_gpu_llvm_passes(OpPassManager& passes, const GpuTarget& target) {
  passes.addNestedPass<gpu::GPUModuleOp>(std::make_unique<RewriteKernels>(expand_powers));
  add_tidying_passes(passes);
  OpPassManager& kernels = passes.nest<gpu::GPUModuleOp>();
  kernels.addPass(createConvertSCFToCFPass());
  kernels.addPass(std::make_unique<RewriteKernels>(call_intrinsics));
  kernels.addPass(createConvertMathToLLVMPass());
  if (target.code == GpuCode::amdgcn)
    kernels.addPass(createLowerGpuOpsToROCDLOpsPass(target.name, /*indexBitwidth=*/32, /*useBarePtrCallConv=*/true));
  else
    kernels.addPass(createConvertGpuOpsToNVVMOps({.indexBitwidth = 32, .useBarePtrCallConv = true}));
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
}

void add_lower_to_spirv_passes(OpPassManager& passes) {
  add_tidying_passes(passes);
  passes.addNestedPass<gpu::GPUModuleOp>(createConvertMathToSPIRVPass());
  passes.addPass(createConvertGPUToSPIRVPass(/*mapMemorySpace=*/false));
  OpPassManager& spirv = passes.nest<spirv::ModuleOp>();
  spirv.addPass(spirv::createSPIRVLowerABIAttributesPass());
  spirv.addPass(spirv::createSPIRVUpdateVCEPass());
}

DeviceKernel spirv_kernel(ModuleOp module) {
  const auto binaries = module.getOps<spirv::ModuleOp>();
  if (binaries.empty()) fail("a kernel cannot be lowered to SPIR-V");
  gpu::GPUModuleOp source = source_of(module);
  spirv::ModuleOp binary = *binaries.begin();
  DeviceKernel kernel = dispatched(*source.getOps<gpu::GPUFuncOp>().begin(), source.getName());
  SmallVector<uint32_t> words;
  if (failed(spirv::serialize(binary, words, {.emitSymbolName = true, .emitDebugInfo = false})))
    fail("a kernel cannot be written as SPIR-V");
  kernel.code.assign(words.begin(), words.end());
  std::optional<spirv::VerCapExtAttr> needs = binary.getVceTriple();
  if (!needs) return kernel;
  for (const spirv::Capability capability : needs->getCapabilities()) {
    kernel.needs.long_integers |= capability == spirv::Capability::Int64;
    kernel.needs.short_integers |= capability == spirv::Capability::Int16;
    kernel.needs.bytes |= capability == spirv::Capability::Int8;
    kernel.needs.stored_bytes |= capability == spirv::Capability::StorageBuffer8BitAccess;
    kernel.needs.stored_short_integers |= capability == spirv::Capability::StorageBuffer16BitAccess;
  }
  return kernel;
}

DeviceKernel assembly_kernel(ModuleOp module, const GpuTarget& target) {
  gpu::GPUModuleOp source = source_of(module);
  const auto functions = source.getOps<LLVM::LLVMFuncOp>();
  const auto entry = llvm::find_if(functions, [](LLVM::LLVMFuncOp each) { return each->hasAttr(dispatch_attribute); });
  if (entry == functions.end()) fail("a kernel cannot be lowered to LLVM's dialect");
  DeviceKernel kernel = dispatched(*entry, (*entry).getName());
  llvm::LLVMContext context;
  const LlvmDiagnosticCollector diagnostics(context);
  const std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(source, context, source.getName());
  if (!code) fail("a kernel cannot be translated to LLVM IR");
  Target machine = Target::named(target.code == GpuCode::ptx ? "nvptx64-nvidia-cuda" : "amdgcn-amd-amdhsa", target.name);
  machine.features = target.features;
  set_target(*code, machine);
  run_llvm_passes(*code, machine, "default<O2>");
  for (const llvm::Function& function : *code)
    if (function.isDeclaration() && !function.isIntrinsic()) fail("a kernel calls {}", function.getName().str());
  const std::string text = emit(*code, machine, CodeKind::assembly);
  diagnostics.check();
  kernel.code.resize(text.size() / sizeof(uint32_t) + 1);  // with at least one zero behind the text
  std::memcpy(kernel.code.data(), text.data(), text.size());
  return kernel;
}

}  // namespace fovea
