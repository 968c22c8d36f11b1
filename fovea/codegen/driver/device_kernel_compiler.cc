// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/device_kernel_compiler.h"

#include <mlir/Dialect/GPU/IR/GPUDialect.h>
#include <mlir/Transforms/Passes.h>

#include <cstring>

#include "fovea/codegen/driver/kernel_work.h"
#include "fovea/codegen/driver/object_cache.h"
#include "fovea/codegen/gpu/gpu_module.h"
#include "fovea/codegen/gpu/grid.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/vector/schedule.h"
#include "fovea/codegen/vector/schedule_text.h"
#include "fovea/passes/pass_pipeline.h"

namespace fovea {
namespace {

using namespace mlir;

// The passes of one compiling thread.
class DevicePipeline {
 public:
  explicit DevicePipeline(const GpuTarget& target) : target_(target) {
    DialectRegistry registry;
    register_codegen_dialects(registry);
    register_gpu_dialects(registry);
    register_gpu_translations(registry);
    context_ = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
    context_->loadAllAvailableDialects();
  }

  DeviceKernel compile(const std::string& text, const std::string& layer) {
    return told(context_.get(), text, layer, [&] {
      const OwningOpRef<ModuleOp> module = lowered(text, true);
      return target_.code == GpuCode::spirv ? spirv_kernel(*module) : assembly_kernel(*module, target_);
    });
  }

  std::string print(const std::string& text, const std::string& layer, const std::string& stage) {
    if (stage == "ptx" || stage == "amdgcn") return reinterpret_cast<const char*>(compile(text, layer).code.data());
    return told(context_.get(), text, layer, [&] {
      OwningOpRef<ModuleOp> module = lowered(text, stage != "gpu");
      if (stage == "spirv") {
        for (auto source : llvm::make_early_inc_range(module->getOps<gpu::GPUModuleOp>())) source.erase();
      }
      std::string printed;
      llvm::raw_string_ostream stream(printed);
      module->print(stream);
      return printed;
    });
  }

 private:
  OwningOpRef<ModuleOp> lowered(const std::string& text, bool whole) {
    OwningOpRef<ModuleOp> module = parse_kernel(text, context_.get());
    PassPipeline pipeline(context_.get(), [&](PassManager& passes) {
      passes.addPass(create_emit_gpu_pass(&target_));
      if (!whole) {
        passes.addPass(createCanonicalizerPass());
        passes.addPass(createCSEPass());
      } else if (target_.code == GpuCode::spirv) {
        add_lower_to_spirv_passes(passes);
      } else {
        add_lower_to_gpu_llvm_passes(passes, target_);
      }
    });
    pipeline.run(*module, "a kernel cannot be lowered for a device");
    return module;
  }

  const GpuTarget& target_;
  std::unique_ptr<MLIRContext> context_;
};

std::string cache_key(const GpuTarget& target, const std::string& text) {
  return fmt::format("device LLVM {} {}\n{} {} {} {} {} {} {} {} {} {} {}\n{}", LLVM_VERSION_STRING, generator_digest,
                     target.name, target.features, target.workgroup_invocations, target.workgroup_bytes, target.workgroups,
                     target.resident_workgroups, target.tile_rows, target.tile_columns, target.tile_depth,
                     target.invocation_rows, target.invocation_columns, text);
}

// What stands before the code of a cached kernel.
struct Header {
  std::array<uint32_t, 2> workgroups;
  int64_t invocations, workgroup_bytes;
  DeviceFeatures needs;
};

CachedKernel to_cache(const DeviceKernel& kernel) {
  Header header{};
  header.workgroups = kernel.workgroups;
  header.invocations = kernel.invocations;
  header.workgroup_bytes = kernel.workgroup_bytes;
  header.needs = kernel.needs;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes.append(reinterpret_cast<const char*>(kernel.code.data()), kernel.code.size() * sizeof(uint32_t));
  return {std::move(bytes)};
}

std::optional<DeviceKernel> from_cache_bytes(const std::string& bytes) {
  Header header{};
  if (bytes.size() < sizeof header || (bytes.size() - sizeof header) % sizeof(uint32_t) != 0) return {};
  std::memcpy(&header, bytes.data(), sizeof header);
  DeviceKernel kernel{.entry = "kernel",
                      .workgroups = header.workgroups,
                      .invocations = header.invocations,
                      .workgroup_bytes = header.workgroup_bytes,
                      .needs = header.needs};
  kernel.code.resize((bytes.size() - sizeof header) / sizeof(uint32_t));
  std::memcpy(kernel.code.data(), bytes.data() + sizeof header, bytes.size() - sizeof header);
  return kernel;
}

// The sizes of the operands: arguments, then results that are not written in place.
void describe_operands(func::FuncOp function, DeviceKernel& kernel) {
  const auto add = [&](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    const int64_t element = (tensor.getElementTypeBitWidth() + 7) / 8;
    kernel.operand_bytes.push_back(tensor.getNumElements() * element);
    kernel.element_bytes.push_back(element);
  };
  for (Type type : function.getArgumentTypes()) add(type);
  Operation* terminator = function.getBody().front().getTerminator();
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    const bool inserted = terminator->getOperand(i).getDefiningOp<tensor::InsertSliceOp>() != nullptr;
    if (!inserted && !function.getResultAttr(i, "fovea.in_place")) add(function.getResultTypes()[i]);
  }
}

}  // namespace

DeviceKernelCompiler::DeviceKernelCompiler(GpuTarget target, int threads)
    : target_(std::move(target)), threads_(threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency())) {}

std::vector<DeviceKernel> DeviceKernelCompiler::compile(llvm::ArrayRef<func::FuncOp> kernels, int* from_cache) const {
  for (func::FuncOp kernel : kernels) check_device_types(kernel);
  const ObjectCache cache;
  const std::vector<std::string> texts = texts_of(kernels), layers = layers_of(kernels);
  std::vector<DeviceKernel> compiled(kernels.size());
  std::atomic<int> hits = 0;
  share_out<DevicePipeline>(threads_, texts.size(), [&](std::unique_ptr<DevicePipeline>& pipeline, size_t i) {
    const std::string key = cache_key(target_, texts[i]);
    if (const auto found = cache.find(key)) {
      if (auto kernel = from_cache_bytes(found->object)) {
        compiled[i] = std::move(*kernel);
        ++hits;
        return;
      }
    }
    if (!pipeline) pipeline = std::make_unique<DevicePipeline>(target_);
    compiled[i] = pipeline->compile(texts[i], layers[i]);
    cache.store(key, to_cache(compiled[i]));
  });
  for (size_t i = 0; i < compiled.size(); ++i) {
    compiled[i].name = func::FuncOp(kernels[i]).getName().str();
    describe_operands(kernels[i], compiled[i]);
  }
  if (from_cache != nullptr) *from_cache = hits;
  return compiled;
}

const std::vector<std::string>& device_stages(const GpuTarget& target) {
  static const std::vector<std::string> spirv{"gpu", "spirv"}, ptx{"gpu", "nvvm", "ptx"}, amdgcn{"gpu", "rocdl", "amdgcn"};
  return target.code == GpuCode::spirv ? spirv : target.code == GpuCode::ptx ? ptx : amdgcn;
}

std::string lower_device_kernel(func::FuncOp kernel, const std::string& stage, const GpuTarget& target) {
  if (!llvm::is_contained(device_stages(target), stage)) refuse_unknown("stage", stage, device_stages(target));
  check_device_types(kernel);
  return DevicePipeline(target).print(texts_of(kernel)[0], layers_of(kernel)[0], stage);
}

}  // namespace fovea
