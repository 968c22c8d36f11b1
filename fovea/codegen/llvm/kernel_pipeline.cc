// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/kernel_pipeline.h"

#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/Passes/StandardInstrumentations.h>
#include <llvm/TargetParser/Triple.h>

#include <optional>

#include "fovea/codegen/llvm/fuse_multiply_add.h"
#include "fovea/codegen/llvm/machine_code.h"
#include "fovea/codegen/llvm/memory_functions.h"
#include "fovea/codegen/llvm/non_temporal_stores.h"
#include "fovea/codegen/llvm/relaxed_dot.h"
#include "fovea/codegen/llvm/rounding.h"
#include "fovea/codegen/llvm/sink_broadcasts.h"
#include "fovea/codegen/llvm/wasm_peepholes.h"
#include "fovea/codegen/llvm/widening_multiply_add.h"
#include "fovea/core/error.h"
#include "fovea/passes/passes.h"

namespace fovea {
namespace {

// Analysis managers and a pass builder, for one module.
class PassRunner {
 public:
  PassRunner(llvm::LLVMContext& context, const Target& target, bool verify)
      : machine_(machine_for(target)),
        instrumentations_(context, /*DebugLogging=*/false, /*VerifyEach=*/verify),
        builder_(machine_.get(), tuning(), std::nullopt, &callbacks_) {
    if (verify) instrumentations_.registerCallbacks(callbacks_, &modules_);
    builder_.registerModuleAnalyses(modules_);
    builder_.registerCGSCCAnalyses(components_);
    builder_.registerFunctionAnalyses(functions_);
    builder_.registerLoopAnalyses(loops_);
    builder_.crossRegisterProxies(loops_, functions_, components_, modules_);
  }

  llvm::PassBuilder& builder() { return builder_; }
  void run(llvm::ModulePassManager passes, llvm::Module& module) { passes.run(module, modules_); }

 private:
  static llvm::PipelineTuningOptions tuning() {
    llvm::PipelineTuningOptions tuning;
    tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopUnrolling = tuning.LoopInterleaving = false;
    return tuning;
  }

  std::unique_ptr<llvm::TargetMachine> machine_;
  llvm::LoopAnalysisManager loops_;
  llvm::FunctionAnalysisManager functions_;
  llvm::CGSCCAnalysisManager components_;
  llvm::ModuleAnalysisManager modules_;
  llvm::PassInstrumentationCallbacks callbacks_;
  llvm::StandardInstrumentations instrumentations_;
  llvm::PassBuilder builder_;
};

// The expansion of the roundings that the target has no instruction for; nothing if it has all.
std::optional<ExpandRoundingPass> missing_rounding(const Target& target) {
  const llvm::Triple triple(target.triple);
  if (triple.isWasm()) return ExpandRoundingPass(ExpandRoundingPass::Which::away_from_zero);
  const bool none = triple.isARM() || triple.isThumb() ||
                    (triple.isX86() && !machine_for(target)->getMCSubtargetInfo()->checkFeatures("+sse4.1"));
  if (none) return ExpandRoundingPass(ExpandRoundingPass::Which::all);
  return {};
}

template <typename Pass>
void add(llvm::ModulePassManager& passes, Pass pass) {
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(pass)));
}

llvm::ModulePassManager parsed(llvm::PassBuilder& builder, const std::string& text) {
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(passes, text)) refuse("{}", llvm::toString(std::move(error)));
  return passes;
}

}  // namespace

llvm::ModulePassManager kernel_pipeline(llvm::PassBuilder& builder, const Target& target) {
  const llvm::Triple triple(target.triple);
  llvm::ModulePassManager passes;
  if (triple.isARM() || triple.isThumb()) add(passes, ConvertRoundedPass());
  add(passes, FuseMultiplyAddPass());
  if (auto rounding = missing_rounding(target)) add(passes, *rounding);

  passes.addPass(builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2));

  add(passes, SinkBroadcastsPass());
  if (triple.isX86() || triple.isRISCV() || triple.isWasm()) add(passes, ConvertRoundedPass());
  if (target.widening_multiply_add && !triple.isWasm()) add(passes, NarrowFactorsPass());
  if (!triple.isWasm()) return passes;
  add(passes, SelectExtremesPass());
  add(passes, PairIntoDotsPass());
  // Factors that several dots share are interleaved once, and addresses are computed relative to the pointers that loads start
  // from.
  passes.addPass(parsed(builder, "function(early-cse,loop-mssa(licm),loop(loop-reduce),early-cse,adce)"));
  add(passes, MarkInBoundsPass());
  return passes;
}

void register_llvm_passes(llvm::PassBuilder& builder, const Target& target) {
  using Elements = llvm::ArrayRef<llvm::PassBuilder::PipelineElement>;
  builder.registerPipelineParsingCallback([](llvm::StringRef name, llvm::FunctionPassManager& passes, Elements) {
    const auto take = [&](llvm::StringRef wanted, auto pass) {
      if (name == wanted) passes.addPass(std::move(pass));
      return name == wanted;
    };
    using Which = ExpandRoundingPass::Which;
    return take("fovea-fuse-multiply-add", FuseMultiplyAddPass()) ||
           take("fovea-expand-rounding<all>", ExpandRoundingPass(Which::all)) ||
           take("fovea-expand-rounding<away-from-zero>", ExpandRoundingPass(Which::away_from_zero)) ||
           take("fovea-convert-rounded", ConvertRoundedPass()) || take("fovea-sink-broadcasts", SinkBroadcastsPass()) ||
           take("fovea-narrow-factors", NarrowFactorsPass()) || take("fovea-select-extremes", SelectExtremesPass()) ||
           take("fovea-pair-into-dots", PairIntoDotsPass()) || take("fovea-mark-in-bounds", MarkInBoundsPass()) ||
           take("fovea-exact-dots", ExactDotsPass()) || take("fovea-drop-non-temporal", DropNonTemporalPass());
  });
  builder.registerPipelineParsingCallback([&builder, &target](llvm::StringRef name, llvm::ModulePassManager& passes, Elements) {
    if (name == "fovea-kernel")
      passes.addPass(kernel_pipeline(builder, target));
    else if (name == "fovea-define-memory-functions")
      passes.addPass(DefineMemoryFunctionsPass());
    else
      return false;
    return true;
  });
}

void optimize(llvm::Module& module, const Target& target) {
  PassRunner runner(module.getContext(), target, verify_after_passes);
  runner.run(kernel_pipeline(runner.builder(), target), module);
}

void run_llvm_passes(llvm::Module& module, const Target& target, const std::string& pipeline) {
  PassRunner runner(module.getContext(), target, /*verify=*/true);
  register_llvm_passes(runner.builder(), target);
  runner.run(parsed(runner.builder(), pipeline), module);
}

void define_memory_functions(llvm::Module& module, const Target& target) {
  PassRunner runner(module.getContext(), target, verify_after_passes);
  llvm::ModulePassManager passes;
  passes.addPass(DefineMemoryFunctionsPass());
  runner.run(std::move(passes), module);
}

}  // namespace fovea
