// SPDX-License-Identifier: Apache-2.0
// Buffer assignment: where the tensors of a fused function are: in the arena, in the caller's arguments and results, or
// constants.
#pragma once

#include <vector>

#include "fovea/passes/memory/fused_function.h"
#include "fovea/runtime/program.h"

namespace fovea {

struct BufferAssignment {
  std::vector<std::vector<KernelOperand>> operands;  ///< of each call, as KernelCompiler orders them
  std::vector<Tensor> constants;
  std::vector<int64_t> scratch_offsets;  ///< of each call, where the arena holds its scratch too
  int64_t arena_bytes = 0;
};

/// `scratch_bytes`, of each call: where one thread runs them all, scratch shares the arena. Empty: scratch is elsewhere.
BufferAssignment assign_buffers(const FusedFunction& function, llvm::ArrayRef<int64_t> scratch_bytes = {});

/// Fails on types that no tensor has.
DType dtype_of(mlir::Type element_type);
/// A tensor with the values of `constant`, a tensor constant of the function.
Tensor tensor_of(mlir::TypedAttr constant);

}  // namespace fovea
