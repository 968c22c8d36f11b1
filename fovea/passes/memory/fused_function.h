// SPDX-License-Identifier: Apache-2.0
// A fused function as a list of calls (call_list.h), with its values.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <vector>

#include "fovea/passes/memory/call_list.h"

namespace fovea {

struct FusedFunction {
  CallList list;                             ///< by CallStep::call
  std::vector<mlir::func::CallOp> calls;     ///< by CallStep::call
  std::vector<mlir::Value> values;           ///< for each tensor: an argument, a call's result, a constant or an empty tensor
  llvm::DenseMap<mlir::Value, int> tensors;  ///< the inverse; views have no tensor of their own
  std::vector<mlir::arith::ConstantOp> constants;  ///< by CallTensor::index

  int tensor_of(mlir::Value value) const;  ///< through views
};

/// Reads `main`, which contains calls of kernels, views, constants, empty tensors and a return. Fails on anything else.
FusedFunction read_fused_function(mlir::func::FuncOp main);

/// The bytes of a tensor of static shape.
int64_t bytes_of(mlir::Value tensor);

}  // namespace fovea
