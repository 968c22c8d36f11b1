// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/kernel_compiler.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/SHA256.h>
#include <mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h>
#include <mlir/Transforms/Passes.h>

#include <algorithm>
#include <map>

#include "fovea/codegen/driver/kernel_work.h"
#include "fovea/codegen/driver/object_cache.h"
#include "fovea/codegen/emit/tile_program.h"
#include "fovea/codegen/llvm/kernel_pipeline.h"
#include "fovea/codegen/llvm/linker.h"
#include "fovea/codegen/llvm/machine_code.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/vector/schedule.h"
#include "fovea/codegen/vector/schedule_text.h"
#include "fovea/core/error.h"
#include "fovea/passes/pass_pipeline.h"

namespace fovea {
namespace {

using namespace mlir;

// Everything that a kernel's code depends on: LLVM's version, this code generator, the target, the kind of entry, and the
// kernel's text.
std::string cache_key(const Target& target, KernelEntry entry, const std::string& text) {
  return fmt::format("LLVM {} {}\n{}\n{}\n{}\n{} {} {} {} {} {} {} {}\n{}\n{}", LLVM_VERSION_STRING, generator_digest,
                     target.triple, target.cpu, target.features, target.vector_bytes, target.vector_registers, target.l1_bytes,
                     target.l2_bytes, target.non_temporal_bytes, static_cast<int>(target.integer_dot),
                     target.widening_multiply_add, target.bf16_dot, entry == KernelEntry::whole ? "whole" : "shared", text);
}

// The passes of one compiling thread. Contexts are not shared, so threads never wait for each other.
class KernelPipeline {
 public:
  explicit KernelPipeline(const Target& target) : target_(target) {
    DialectRegistry registry;
    register_codegen_dialects(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    context_ = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
    context_->loadAllAvailableDialects();
    to_tiles_ = pipeline([&](PassManager& manager) { manager.addPass(create_emit_tiles_pass(&target_)); });
    tidy_ = pipeline([](PassManager& manager) {
      manager.addPass(createCSEPass());
      manager.addPass(createCanonicalizerPass());
    });
    to_vectors_ = pipeline([&](PassManager& manager) {
      manager.addPass(create_vectorize_tiles_pass());
      manager.addPass(create_bufferize_tiles_pass());
      manager.addPass(create_lower_vectors_pass(&target_));
    });
    to_llvm_ = pipeline([&](PassManager& manager) { add_lower_to_llvm_passes(manager, target_.bf16_dot); });
  }

  // `layer` is the name of the kernel's layer, for the message if it does not compile.
  CachedKernel compile(const std::string& text, const std::string& name, const std::string& layer, KernelEntry entry) {
    return told(context_.get(), text, layer, [&] {
      start(text);
      std::string object = stage(entry == KernelEntry::whole ? "bitcode" : "object", name);
      return CachedKernel{std::move(object), program_.tiles, program_.scratch_bytes};
    });
  }

  int64_t scratch_bytes(const std::string& text, const std::string& layer) {
    return told(context_.get(), text, layer, [&] {
      start(text);
      return program_.scratch_bytes;
    });
  }

  std::string print(const std::string& text, const std::string& layer, const std::string& wanted) {
    return told(context_.get(), text, layer, [&] {
      start(text);
      return stage(wanted, "kernel");
    });
  }

 private:
  void start(const std::string& text) {
    module_ = parse_kernel(text, context_.get());
    run(*to_tiles_);
    program_ = read_tile_program(*module_);
  }

  std::unique_ptr<PassPipeline> pipeline(llvm::function_ref<void(PassManager&)> fill) {
    return std::make_unique<PassPipeline>(context_.get(), fill);
  }

  void run(PassPipeline& pipeline) { pipeline.run(*module_, "a kernel cannot be lowered"); }

  std::string printed() {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module_->print(stream);
    return text;
  }

  std::string stage(const std::string& wanted, const std::string& name) {
    if (wanted == "tiles") {
      run(*tidy_);  // only for readability: later passes do the same
      return printed();
    }
    run(*to_vectors_);
    if (wanted == "vectors") return printed();
    run(*to_llvm_);
    llvm::LLVMContext llvm_context;
    const LlvmDiagnosticCollector diagnostics(llvm_context);
    std::unique_ptr<llvm::Module> translated =
        translate(*module_, llvm_context, name, wanted == "bitcode" ? KernelEntry::whole : KernelEntry::shared, target_);
    optimize(*translated, target_);
    diagnostics.check();
    if (wanted == "llvm") {
      std::string text;
      llvm::raw_string_ostream stream(text);
      translated->print(stream, nullptr);
      return text;
    }
    std::string code = emit(*translated, target_,
                            wanted == "assembly"  ? CodeKind::assembly
                            : wanted == "bitcode" ? CodeKind::bitcode
                                                  : CodeKind::object);
    diagnostics.check();
    return code;
  }

  const Target& target_;
  std::unique_ptr<MLIRContext> context_;
  std::unique_ptr<PassPipeline> to_tiles_, tidy_, to_vectors_, to_llvm_;
  OwningOpRef<ModuleOp> module_;
  TileProgram program_;
};

// The name of the entry is a hash of the content, so that a cached object can be linked into any program.
std::string entry_name(const std::string& text) {
  const auto hash = llvm::SHA256::hash(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  return "fovea_kernel_" + llvm::toHex(llvm::ArrayRef<uint8_t>(hash.data(), 12), true);
}

}  // namespace

KernelCompiler::KernelCompiler(Target target, int threads, std::function<bool()> stop)
    : target_(std::move(target)),
      threads_(threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency())),
      stop_(std::move(stop)) {}

std::vector<CachedKernel> KernelCompiler::compile_or_find(llvm::ArrayRef<func::FuncOp> kernels,
                                                          const std::vector<std::string>& texts, KernelEntry entry,
                                                          int* from_cache) const {
  const ObjectCache cache;
  const std::vector<std::string> layers = layers_of(kernels);
  const std::vector<size_t> first = first_equals(texts);
  std::vector<size_t> different;
  for (size_t i = 0; i < texts.size(); ++i)
    if (first[i] == i) different.push_back(i);
  std::vector<CachedKernel> compiled(kernels.size());
  std::vector<char> found_one(kernels.size());
  share_out<KernelPipeline>(threads_, different.size(), [&](std::unique_ptr<KernelPipeline>& pipeline, size_t at) {
    const size_t i = different[at];
    const std::string key = cache_key(target_, entry, texts[i]);
    if (auto found = cache.find(key)) {
      compiled[i] = std::move(*found);
      found_one[i] = 1;
      return;
    }
    if (stop_ && stop_()) fail(ErrorCode::cancelled, "compiling was stopped before kernel {} of {}", i + 1, texts.size());
    if (!pipeline) pipeline = std::make_unique<KernelPipeline>(target_);
    compiled[i] = pipeline->compile(texts[i], entry_name(texts[i]), layers[i], entry);
    cache.store(key, compiled[i]);
  });
  for (size_t i = 0; i < texts.size(); ++i) {
    if (first[i] == i) continue;
    compiled[i] = compiled[first[i]];
    found_one[i] = found_one[first[i]];
  }
  if (from_cache != nullptr) *from_cache = static_cast<int>(std::count(found_one.begin(), found_one.end(), 1));
  return compiled;
}

std::vector<CompiledKernel> KernelCompiler::compile(llvm::ArrayRef<func::FuncOp> kernels, std::shared_ptr<void>& code,
                                                    int* from_cache) const {
  const std::vector<std::string> texts = texts_of(kernels);
  std::vector<CachedKernel> compiled = compile_or_find(kernels, texts, KernelEntry::shared, from_cache);
  std::map<std::string, std::string> objects;  // equal kernels have one object
  for (size_t i = 0; i < compiled.size(); ++i) objects.try_emplace(entry_name(texts[i]), std::move(compiled[i].object));
  const std::map<std::string, KernelFunction> linked = link_objects(objects, code);
  std::vector<CompiledKernel> result;
  for (size_t i = 0; i < texts.size(); ++i)
    result.push_back({linked.at(entry_name(texts[i])), compiled[i].tiles, compiled[i].scratch_bytes});
  return result;
}

std::vector<KernelBitcode> KernelCompiler::bitcode(llvm::ArrayRef<func::FuncOp> kernels) const {
  const std::vector<std::string> texts = texts_of(kernels);
  std::vector<KernelBitcode> result;
  for (CachedKernel& kernel : compile_or_find(kernels, texts, KernelEntry::whole, nullptr))
    result.push_back({entry_name(texts[result.size()]), std::move(kernel.object), kernel.scratch_bytes});
  return result;
}

int64_t KernelCompiler::scratch_bytes(llvm::ArrayRef<func::FuncOp> kernels) const {
  const std::vector<std::string> texts = texts_of(kernels);
  const std::vector<std::string> layers = layers_of(kernels);
  std::vector<int64_t> bytes(texts.size());
  share_out<KernelPipeline>(threads_, texts.size(), [&](std::unique_ptr<KernelPipeline>& pipeline, size_t i) {
    if (!pipeline) pipeline = std::make_unique<KernelPipeline>(target_);
    bytes[i] = pipeline->scratch_bytes(texts[i], layers[i]);
  });
  return bytes.empty() ? 0 : *std::max_element(bytes.begin(), bytes.end());
}

KernelObject compile_object(func::FuncOp kernel, const std::string& entry, const Target& target) {
  CachedKernel compiled = KernelPipeline(target).compile(texts_of(kernel)[0], entry, layers_of(kernel)[0], KernelEntry::shared);
  return {std::move(compiled.object), compiled.tiles, compiled.scratch_bytes};
}

std::string lower_kernel(func::FuncOp kernel, const std::string& stage, const Target& target) {
  static const std::vector<std::string> known{"tiles", "vectors", "llvm", "assembly"};
  if (std::find(known.begin(), known.end(), stage) == known.end()) refuse_unknown("stage", stage, known);
  return KernelPipeline(target).print(texts_of(kernel)[0], layers_of(kernel)[0], stage);
}

}  // namespace fovea
