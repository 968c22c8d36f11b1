// Where the tensors of a fused function live: the arena, the caller's arguments and results, constants.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <vector>

#include "fovea/runtime/program.h"

namespace fovea {

struct Placement {
  std::vector<std::vector<KernelOperand>> operands;  // of each call, as KernelCompiler orders them
  std::vector<Tensor> constants;
  int64_t arena_bytes = 0;
};

// Plans `main`, whose body is calls of kernels (`calls`, in order), views, constants and a return. A kernel's result takes over
// the memory of an operand that dies there and that the kernel reads element by element only.
Placement place_tensors(mlir::func::FuncOp main, llvm::ArrayRef<mlir::func::CallOp> calls);

// Fails on types that no tensor has.
DType dtype_of(mlir::Type element_type);
// A tensor with the values of `constant`, a tensor constant of the function.
Tensor tensor_of(mlir::TypedAttr constant);

}  // namespace fovea
