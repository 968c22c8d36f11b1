// SPDX-License-Identifier: Apache-2.0
// A function of the kernels stage as the plan of a Program: its arguments and results, the kernels that it calls, and where
// tensors are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/codegen/driver/buffer_assignment.h"
#include "fovea/codegen/driver/kernel_compiler.h"

namespace fovea {

/// Arguments and results, by name. Prepared tensors are the last arguments of the function, and none of the program's.
void describe_ports(mlir::func::FuncOp function, ProgramPlan& plan);

/// The kernels that are called, each once, in the order of their first call.
llvm::SmallVector<mlir::func::FuncOp> kernels_called_by(llvm::ArrayRef<mlir::func::FuncOp> functions);

/// What was made of `kernels`, one of `compiled` each, by the name that a call knows it by.
template <typename Compiled>
std::map<std::string, Compiled> kernels_by_name(llvm::ArrayRef<mlir::func::FuncOp> kernels, std::vector<Compiled> compiled) {
  std::map<std::string, Compiled> by_name;
  for (auto [kernel, code] : llvm::zip_equal(kernels, compiled))
    by_name[mlir::func::FuncOp(kernel).getName().str()] = std::move(code);
  return by_name;
}

/// The calls in order, the arena, the constants.
void add_calls(const FusedFunction& function, const std::map<std::string, CompiledKernel>& compiled, ProgramPlan& plan);

/// All of a function that prepares nothing, compiled and linked into this process.
ProgramPlan plan_function(mlir::func::FuncOp function, const Target& target, int threads);

}  // namespace fovea
