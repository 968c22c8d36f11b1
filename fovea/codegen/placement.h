// Where the tensors of a fused function live: the arena, the caller's arguments and results, constants.
#pragma once

#include <vector>

#include "fovea/passes/fused_function.h"
#include "fovea/runtime/program.h"

namespace fovea {

struct Placement {
  std::vector<std::vector<KernelOperand>> operands;  // of each call, as KernelCompiler orders them
  std::vector<Tensor> constants;
  int64_t arena_bytes = 0;
};

Placement place_tensors(const FusedFunction& function);

// Fails on types that no tensor has.
DType dtype_of(mlir::Type element_type);
// A tensor with the values of `constant`, a tensor constant of the function.
Tensor tensor_of(mlir::TypedAttr constant);

}  // namespace fovea
