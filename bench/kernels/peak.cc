// SPDX-License-Identifier: Apache-2.0
#include "bench/kernels/peak.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "fovea/codegen/llvm/linker.h"
#include "fovea/codegen/llvm/machine_code.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

// Enough independent sums to hide the latency of a multiply-add (4 or 5 cycles, two units) on common processors.
constexpr int sums = 12;
constexpr int64_t rounds = 400'000;

// How many multiply-adds a lane computes at once.
enum class Products : uint8_t { one = 1, bf16_pair = 2, byte_quad = 4 };

Products products_of(DType dtype, const Target& target) {
  if (dtype == DType::bf16 && target.bf16_dot) return Products::bf16_pair;
  if (dtype == DType::i8 && target.integer_dot == IntegerDot::mixed_quads) return Products::byte_quad;
  return Products::one;
}

// sum + factor * factor in each lane, or the sum of two such products of bf16 numbers or four of bytes.
llvm::Value* multiply_add(llvm::IRBuilder<>& builder, llvm::Value* sum, llvm::Value* factor, Products products) {
  llvm::Type* type = sum->getType();
  if (products == Products::one) return builder.CreateIntrinsic(llvm::Intrinsic::fma, {type}, {sum, factor, factor});
  if (products == Products::byte_quad) {
    const unsigned lanes = llvm::cast<llvm::FixedVectorType>(type)->getNumElements();
    auto* words = llvm::FixedVectorType::get(builder.getInt32Ty(), lanes);
    llvm::Value *total = builder.CreateBitCast(sum, words), *bytes = builder.CreateBitCast(factor, words);
    const auto instruction = lanes == 16 ? llvm::Intrinsic::x86_avx512_vpdpbusd_512 : llvm::Intrinsic::x86_avx512_vpdpbusd_256;
    return builder.CreateBitCast(builder.CreateIntrinsic(instruction, {}, {total, bytes, bytes}), type);
  }
  auto* halves = llvm::FixedVectorType::get(builder.getBFloatTy(), 32);
  llvm::Value* pairs = builder.CreateBitCast(factor, halves);
  return builder.CreateIntrinsic(llvm::Intrinsic::x86_avx512bf16_dpbf16ps_512, {}, {sum, pairs, pairs});
}

// void peak(ptr operands, i64 begin, i64 end, ptr scratch): `sums` chains of multiply-adds, `rounds` long; stores their total.
std::unique_ptr<llvm::Module> write_chains(llvm::LLVMContext& context, const Target& target, Products products) {
  auto module = std::make_unique<llvm::Module>("peak", context);
  module->setTargetTriple(target.triple);
  llvm::IRBuilder<> builder(context);
  llvm::Type* word = builder.getInt64Ty();
  auto* vector = llvm::FixedVectorType::get(builder.getFloatTy(), static_cast<unsigned>(target.lanes(4)));
  auto* type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy(), word, word, builder.getPtrTy()}, false);
  auto* function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, "peak", *module);
  function->addFnAttr("target-cpu", target.cpu);
  if (!target.features.empty()) function->addFnAttr("target-features", target.features);
  function->addFnAttr("prefer-vector-width", std::to_string(target.vector_bytes * 8));
  auto* entry = llvm::BasicBlock::Create(context, "entry", function);
  auto* body = llvm::BasicBlock::Create(context, "body", function);
  auto* exit = llvm::BasicBlock::Create(context, "exit", function);
  builder.SetInsertPoint(entry);
  // The factor is loaded from memory, so that the optimizer does not know it.
  llvm::Value* factor = builder.CreateAlignedLoad(vector, function->getArg(3), llvm::Align(64));
  builder.CreateBr(body);
  builder.SetInsertPoint(body);
  auto* count = builder.CreatePHI(word, 2);
  count->addIncoming(builder.getInt64(0), entry);
  std::vector<llvm::PHINode*> chains;
  for (int i = 0; i < sums; ++i) {
    chains.push_back(builder.CreatePHI(vector, 2));
    chains.back()->addIncoming(
        llvm::ConstantVector::getSplat(vector->getElementCount(), llvm::ConstantFP::get(builder.getFloatTy(), i)), entry);
  }
  for (llvm::PHINode* chain : chains) chain->addIncoming(multiply_add(builder, chain, factor, products), body);
  llvm::Value* next = builder.CreateAdd(count, builder.getInt64(1));
  count->addIncoming(next, body);
  builder.CreateCondBr(builder.CreateICmpULT(next, builder.getInt64(rounds)), body, exit);
  builder.SetInsertPoint(exit);
  llvm::Value* total = chains[0]->getIncomingValue(1);
  for (int i = 1; i < sums; ++i) total = builder.CreateFAdd(total, chains[static_cast<size_t>(i)]->getIncomingValue(1));
  builder.CreateAlignedStore(total, function->getArg(3), llvm::Align(64));
  builder.CreateRetVoid();
  return module;
}

}  // namespace

double measured_peak_gflops(int threads, DType dtype, const Target& target) {
  const Products products = products_of(dtype, target);
  llvm::LLVMContext context;
  const std::unique_ptr<llvm::Module> module = write_chains(context, target, products);
  std::shared_ptr<void> code;
  struct Run {
    KernelFunction function;
    Tensor scratch;
  } run{link_objects({{"peak", emit(*module, target, CodeKind::object)}}, code).at("peak"), Tensor({threads, 16}, DType::f32)};
  ThreadPool pool(threads);
  double best = 0;
  for (int repeat = 0; repeat < 12; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(
        threads,
        [](void* context_of_run, int64_t begin, int64_t end, int) {
          auto& here = *static_cast<Run*>(context_of_run);
          for (int64_t tile = begin; tile < end; ++tile) here.function(nullptr, 0, 1, here.scratch.raw() + tile * 64);
        },
        &run);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double operations = 2.0 * static_cast<int>(products) * sums * rounds * threads;
    best = std::max(best, operations * static_cast<double>(target.lanes(4)) / seconds / 1e9);
  }
  return best;
}

}  // namespace fovea
