// SPDX-License-Identifier: Apache-2.0
// The pass fovea-emit-gpu.
#include <mlir/Dialect/GPU/IR/GPUDialect.h>
#include <mlir/Dialect/MemRef/IR/MemRef.h>
#include <mlir/Dialect/SPIRV/IR/SPIRVDialect.h>
#include <mlir/Dialect/SPIRV/IR/TargetAndABI.h>

#include "fovea/codegen/gpu/gpu_module.h"
#include "fovea/codegen/gpu/grid_code.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/target/pass_target.h"

namespace fovea {

#define GEN_PASS_DECL_EMITGPUPASS
#define GEN_PASS_DEF_EMITGPUPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

// Everything that a kernel may need; the lowering to SPIR-V keeps what it does need.
spirv::TargetEnvAttr target_environment(MLIRContext* context) {
  using spirv::Capability;
  using spirv::Extension;
  const auto vce = spirv::VerCapExtAttr::get(
      spirv::Version::V_1_3,
      {Capability::Shader, Capability::Int8, Capability::Int16, Capability::Int64, Capability::StorageBuffer8BitAccess,
       Capability::StorageBuffer16BitAccess},
      {Extension::SPV_KHR_storage_buffer_storage_class, Extension::SPV_KHR_8bit_storage, Extension::SPV_KHR_16bit_storage},
      context);
  return spirv::TargetEnvAttr::get(vce, spirv::getDefaultResourceLimits(context), spirv::ClientAPI::Vulkan,
                                   spirv::Vendor::Unknown, spirv::DeviceType::Unknown, spirv::TargetEnvAttr::kUnknownDeviceID);
}

// Truth values are bytes in memory.
Type stored_element(Type tensor) {
  const Type element = cast<RankedTensorType>(tensor).getElementType();
  return element.isInteger(1) ? IntegerType::get(element.getContext(), 8) : element;
}

class EmitGpuPass : public impl::EmitGpuPassBase<EmitGpuPass> {
 public:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), UnitAttr::get(&getContext()));
    for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (function->hasAttr("fovea.kernel") && failed(without_exceptions(module, [&] { emit(function); })))
        return signalPassFailure();
      function.erase();
    }
  }

 private:
  void emit(func::FuncOp kernel) {
    check_device_types(kernel);
    const KernelDescription description = read_kernel(kernel);
    const Grid grid = choose_grid(description, GpuTarget::vulkan());
    OpBuilder builder(kernel);
    auto module = builder.create<gpu::GPUModuleOp>(kernel.getLoc(), kernel.getName());
    module->setAttr(spirv::getTargetEnvAttrName(), target_environment(&getContext()));
    builder.setInsertionPointToStart(module.getBody());
    auto function = builder.create<gpu::GPUFuncOp>(kernel.getLoc(), kernel.getName(), function_type(description));
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    function->setAttr(spirv::getEntryPointABIAttrName(),
                      spirv::getEntryPointABIAttr(&getContext(), {static_cast<int32_t>(grid.invocations), 1, 1}));
    GridCode code(description, grid, function);
    std::visit(
        [&](const auto& kind) {
          using Kind = std::decay_t<decltype(kind)>;
          if constexpr (std::is_same_v<Kind, ElementGrid>) emit_element_grid(code);
          if constexpr (std::is_same_v<Kind, TreeGrid>) emit_tree_grid(code, kind);
          if constexpr (std::is_same_v<Kind, ProductGrid>) emit_product_grid(code, kind);
        },
        grid.kind);
    code.builder.create<gpu::ReturnOp>(kernel.getLoc());
    write_dispatch(function, grid);
  }

  // The kernel's arguments, its results that are not written in place, and the table of offsets.
  FunctionType function_type(const KernelDescription& kernel) {
    const auto space = spirv::StorageClassAttr::get(&getContext(), spirv::StorageClass::StorageBuffer);
    const auto buffer = [&](Type element) -> Type {
      return MemRefType::get({ShapedType::kDynamic}, element, MemRefLayoutAttrInterface(), space);
    };
    SmallVector<Type> operands;
    for (Type argument : func::FuncOp(kernel.function).getArgumentTypes()) operands.push_back(buffer(stored_element(argument)));
    for (const KernelResult& output : kernel.outputs)
      if (output.in_place < 0) operands.push_back(buffer(stored_element(output.type)));
    operands.push_back(buffer(IntegerType::get(&getContext(), 32)));
    return FunctionType::get(&getContext(), operands, {});
  }

  static void write_dispatch(gpu::GPUFuncOp function, const Grid& grid) {
    int64_t bytes = 0;
    function.walk([&](memref::AllocOp alloc) {
      bytes += alloc.getType().getNumElements() * (alloc.getType().getElementTypeBitWidth() / 8);
    });
    Builder builder(function.getContext());
    function->setAttr(
        dispatch_attribute,
        builder.getDictionaryAttr({builder.getNamedAttr("workgroups", builder.getDenseI64ArrayAttr({grid.across, grid.down})),
                                   builder.getNamedAttr("invocations", builder.getI64IntegerAttr(grid.invocations)),
                                   builder.getNamedAttr("workgroup_bytes", builder.getI64IntegerAttr(bytes))}));
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_emit_gpu_pass() { return std::make_unique<EmitGpuPass>(); }

}  // namespace fovea
