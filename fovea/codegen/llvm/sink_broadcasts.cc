// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/sink_broadcasts.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/bit.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsWebAssembly.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/Module.h>
#include <llvm/TargetParser/Triple.h>

#include <map>
#include <tuple>

namespace fovea {
namespace {

bool multiplies_groups(llvm::Intrinsic::ID id) {
  switch (id) {
    case llvm::Intrinsic::x86_avx512_vpdpbusd_512:
    case llvm::Intrinsic::x86_avx512_vpdpbusd_256:
    case llvm::Intrinsic::x86_avx512_vpdpbusd_128:
    case llvm::Intrinsic::x86_avx512_pmaddw_d_512:
    case llvm::Intrinsic::x86_avx2_pmadd_wd:
    case llvm::Intrinsic::x86_sse2_pmadd_wd:
    case llvm::Intrinsic::wasm_dot:
    case llvm::Intrinsic::wasm_relaxed_dot_i8x16_i7x16_add_signed:
      return true;
    default:
      return false;
  }
}

llvm::Value* without_casts(llvm::Value* value) {
  while (auto* cast = llvm::dyn_cast<llvm::BitCastInst>(value)) value = cast->getOperand(0);
  return value;
}

// One element of a vector in memory, repeated in every lane.
struct Broadcast {
  llvm::LoadInst* load = nullptr;
  int number = 0;
};

Broadcast broadcast_of(llvm::Value* factor) {
  auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(without_casts(factor));
  if (shuffle == nullptr || !llvm::all_equal(shuffle->getShuffleMask())) return {};
  const int number = shuffle->getShuffleMask().front();
  auto* load = llvm::dyn_cast<llvm::LoadInst>(without_casts(shuffle->getOperand(0)));
  const auto* source = llvm::cast<llvm::FixedVectorType>(shuffle->getOperand(0)->getType());
  if (load == nullptr || !load->isSimple() || number < 0 || number >= static_cast<int>(source->getNumElements()) ||
      source->getScalarSizeInBits() != 32)
    return {};
  return {load, number};
}

// Whether the vector's length is no power of two: LLVM loads three elements as two and one, and then extracts both from the
// pair.
bool odd(const llvm::LoadInst& load) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(load.getType());
  return type != nullptr && !llvm::has_single_bit(type->getNumElements());
}

// Loads and broadcasts the element just before `call`.
llvm::Value* read_late(llvm::IntrinsicInst& call, const Broadcast& found, llvm::Type& type, bool groups) {
  llvm::IRBuilder<> builder(&call);
  llvm::Value* place = builder.CreateConstInBoundsGEP1_64(builder.getInt32Ty(), found.load->getPointerOperand(),
                                                          static_cast<uint64_t>(found.number));
  llvm::Type* element = groups ? builder.getInt32Ty() : type.getScalarType();
  auto* number = builder.CreateAlignedLoad(element, place, llvm::Align(4));
  number->setAAMetadata(found.load->getAAMetadata());
  const auto lanes = static_cast<unsigned>(type.getPrimitiveSizeInBits().getFixedValue() / 32);
  return builder.CreateBitCast(builder.CreateVectorSplat(lanes, number), &type);
}

}  // namespace

llvm::PreservedAnalyses SinkBroadcastsPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  const bool x86 = llvm::Triple(function.getParent()->getTargetTriple()).isX86();
  bool changed = false;
  for (llvm::BasicBlock& block : function) {
    std::map<std::tuple<llvm::LoadInst*, int, llvm::Type*>, llvm::Value*> made;
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(block)) {
      auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
      if (call == nullptr) continue;
      const bool groups = multiplies_groups(call->getIntrinsicID());
      if (!groups && (!x86 || call->getIntrinsicID() != llvm::Intrinsic::fmuladd)) continue;
      for (llvm::Use& factor : call->args()) {
        const Broadcast found = broadcast_of(factor.get());
        if (found.load == nullptr || found.load->getParent() != &block || (!groups && !odd(*found.load))) continue;
        llvm::Value*& late = made[{found.load, found.number, factor->getType()}];
        if (late == nullptr) late = read_late(*call, found, *factor->getType(), groups);
        factor.set(late);
        changed = true;
      }
    }
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace fovea
