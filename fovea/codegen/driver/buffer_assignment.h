// SPDX-License-Identifier: Apache-2.0
// Buffer assignment: where the tensors of a fused function are: in the arena, in the caller's arguments and results, or
// constants.
#pragma once

#include <vector>

#include "fovea/passes/memory/fused_function.h"
#include "fovea/runtime/program.h"

namespace fovea {

struct BufferAssignment {
  std::vector<std::vector<KernelOperand>> operands;  ///< of each call, in the order of KernelCompiler
  std::vector<Tensor> constants;
  std::vector<int64_t> scratch_offsets;  ///< of each call, when the arena also contains its scratch memory
  int64_t arena_bytes = 0;
};

/// With the scratch bytes of each call, scratch memory is placed in the arena, for code in which one thread runs all calls.
/// Without them, it is elsewhere.
BufferAssignment assign_buffers(const FusedFunction& function, llvm::ArrayRef<int64_t> scratch_bytes = {});

/// Fails on types that no tensor has.
DType dtype_of(mlir::Type element_type);
/// A tensor with the values of `constant`, a tensor constant of the function.
Tensor tensor_of(mlir::TypedAttr constant);

}  // namespace fovea
