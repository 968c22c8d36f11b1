// SPDX-License-Identifier: Apache-2.0
// From a kernel of the stage `kernels` in the gpu dialect to SPIR-V: the pipeline fovea-lower-to-spirv, and the binary.
#include "fovea/codegen/gpu/gpu_module.h"

#include <mlir/Conversion/AffineToStandard/AffineToStandard.h>
#include <mlir/Conversion/GPUToSPIRV/GPUToSPIRVPass.h>
#include <mlir/Conversion/MathToSPIRV/MathToSPIRVPass.h>
#include <mlir/Dialect/GPU/IR/GPUDialect.h>
#include <mlir/Dialect/SPIRV/IR/SPIRVDialect.h>
#include <mlir/Dialect/SPIRV/IR/SPIRVOps.h>
#include <mlir/Dialect/SPIRV/Transforms/Passes.h>
#include <mlir/Target/SPIRV/Serialization.h>
#include <mlir/Transforms/Passes.h>

#include "fovea/codegen/passes.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

void register_gpu_dialects(DialectRegistry& registry) { registry.insert<gpu::GPUDialect, spirv::SPIRVDialect>(); }

void add_lower_to_spirv_passes(OpPassManager& passes) {
  passes.addPass(create_expand_math_pass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createLoopInvariantCodeMotionPass());
  passes.addNestedPass<gpu::GPUModuleOp>(createConvertMathToSPIRVPass());
  passes.addPass(createConvertGPUToSPIRVPass(/*mapMemorySpace=*/false));
  OpPassManager& spirv = passes.nest<spirv::ModuleOp>();
  spirv.addPass(spirv::createSPIRVLowerABIAttributesPass());
  spirv.addPass(spirv::createSPIRVUpdateVCEPass());
}

DeviceKernel spirv_kernel(ModuleOp module) {
  const auto binaries = module.getOps<spirv::ModuleOp>();
  const auto sources = module.getOps<gpu::GPUModuleOp>();
  if (binaries.empty() || sources.empty()) fail("a kernel cannot be lowered to SPIR-V");
  gpu::GPUModuleOp source = *sources.begin();
  spirv::ModuleOp binary = *binaries.begin();
  DeviceKernel kernel;
  gpu::GPUFuncOp function = *source.getOps<gpu::GPUFuncOp>().begin();
  const auto dispatch = function->getAttrOfType<DictionaryAttr>(dispatch_attribute);
  const auto workgroups = dispatch.getAs<DenseI64ArrayAttr>("workgroups");
  kernel.workgroups = {static_cast<uint32_t>(workgroups[0]), static_cast<uint32_t>(workgroups[1])};
  kernel.invocations = dispatch.getAs<IntegerAttr>("invocations").getInt();
  kernel.workgroup_bytes = dispatch.getAs<IntegerAttr>("workgroup_bytes").getInt();
  kernel.entry = source.getName().str();
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

}  // namespace fovea
