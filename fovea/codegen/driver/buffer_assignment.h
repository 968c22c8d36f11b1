// SPDX-License-Identifier: Apache-2.0
// Buffer assignment: the place of each tensor of a fused function, which is the arena, an argument or result of the caller, or
// a constant.
#pragma once

#include <vector>

#include "fovea/passes/memory/fused_function.h"
#include "fovea/runtime/program.h"

namespace fovea {

/// Where the operands of all calls of a function are.
struct BufferAssignment {
  std::vector<std::vector<KernelOperand>> operands;  ///< for each call, its operands in the order that KernelCompiler defines
  std::vector<Tensor> constants;
  std::vector<int64_t> scratch_offsets;  ///< for each call, if the arena also contains scratch memory: the offset in bytes
  int64_t arena_bytes = 0;
};

/// Assigns buffers. With the scratch bytes of each call, scratch memory is part of the arena, which is right only for code in
/// which one thread runs all calls.
BufferAssignment assign_buffers(const FusedFunction& function, llvm::ArrayRef<int64_t> scratch_bytes = {});

/// The element type of ours; fails if there is none.
DType dtype_of(mlir::Type element_type);
/// A copy of the values of `constant`, a constant tensor of the function.
Tensor tensor_of(mlir::TypedAttr constant);

}  // namespace fovea
