// SPDX-License-Identifier: Apache-2.0
// The pass fovea-emit-gpu.
#include <mlir/Dialect/GPU/IR/GPUDialect.h>
#include <mlir/Dialect/LLVMIR/NVVMDialect.h>
#include <mlir/Dialect/LLVMIR/ROCDLDialect.h>
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
  EmitGpuPass() = default;
  explicit EmitGpuPass(const GpuTarget* target) {
    if (target != nullptr) target_name_ = target->name;
  }

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
    const GpuTarget target = GpuTarget::named(target_name_);
    const Grid grid = choose_grid(description, target);
    OpBuilder builder(kernel);
    auto module = builder.create<gpu::GPUModuleOp>(kernel.getLoc(), kernel.getName());
    builder.setInsertionPointToStart(module.getBody());
    auto function = builder.create<gpu::GPUFuncOp>(kernel.getLoc(), kernel.getName(), function_type(description, target.code));
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    const auto invocations = static_cast<int32_t>(grid.invocations);
    if (target.code == GpuCode::spirv) {
      module->setAttr(spirv::getTargetEnvAttrName(), target_environment(&getContext()));
      function->setAttr(spirv::getEntryPointABIAttrName(), spirv::getEntryPointABIAttr(&getContext(), {invocations, 1, 1}));
    } else if (target.code == GpuCode::amdgcn) {
      function->setAttr(ROCDL::ROCDLDialect::FlatWorkGroupSizeAttrHelper::getNameStr(),
                        builder.getStringAttr(std::to_string(invocations) + "," + std::to_string(invocations)));
    } else {
      function->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(), builder.getDenseI32ArrayAttr({invocations, 1, 1}));
      // Tiles are made so that there is room for more than one; other kernels may take the registers that they need.
      if (std::holds_alternative<ProductGrid>(grid.kind))
        function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(target.resident_workgroups));
    }
    GridCode code(description, grid, target.code, function);
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

  // The kernel's arguments and its results that are not written in place; for SPIR-V, then the table of offsets.
  FunctionType function_type(const KernelDescription& kernel, GpuCode code) {
    const bool bound = code == GpuCode::spirv;
    const Attribute space = bound ? Attribute(spirv::StorageClassAttr::get(&getContext(), spirv::StorageClass::StorageBuffer))
                                  : Attribute(gpu::AddressSpaceAttr::get(&getContext(), gpu::AddressSpace::Global));
    const auto buffer = [&](int64_t count, Type element) -> Type {
      return MemRefType::get({bound ? ShapedType::kDynamic : count}, element, MemRefLayoutAttrInterface(), space);
    };
    SmallVector<Type> operands;
    const auto add = [&](Type tensor) {
      operands.push_back(buffer(cast<RankedTensorType>(tensor).getNumElements(), stored_element(tensor)));
    };
    for (Type argument : func::FuncOp(kernel.function).getArgumentTypes()) add(argument);
    for (const KernelResult& output : kernel.outputs)
      if (output.in_place < 0) add(output.type);
    if (bound) operands.push_back(buffer(0, IntegerType::get(&getContext(), 32)));
    return FunctionType::get(&getContext(), operands, {});
  }

  static void write_dispatch(gpu::GPUFuncOp function, const Grid& grid) {
    int64_t bytes = 0;
    const auto add = [&](MemRefType type) { bytes += type.getNumElements() * (type.getElementTypeBitWidth() / 8); };
    function.walk([&](memref::AllocOp alloc) { add(alloc.getType()); });
    for (const BlockArgument shared : function.getWorkgroupAttributions()) add(cast<MemRefType>(shared.getType()));
    Builder builder(function.getContext());
    function->setAttr(
        dispatch_attribute,
        builder.getDictionaryAttr({builder.getNamedAttr("workgroups", builder.getDenseI64ArrayAttr({grid.across, grid.down})),
                                   builder.getNamedAttr("invocations", builder.getI64IntegerAttr(grid.invocations)),
                                   builder.getNamedAttr("workgroup_bytes", builder.getI64IntegerAttr(bytes))}));
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_emit_gpu_pass(const GpuTarget* target) { return std::make_unique<EmitGpuPass>(target); }

}  // namespace fovea
