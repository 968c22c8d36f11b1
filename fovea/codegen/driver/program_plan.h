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

/// Describes arguments and results by name. Hoisted tensors are the function's last arguments, and not arguments of the
/// program.
void describe_ports(mlir::func::FuncOp function, ProgramPlan& plan);

/// The kernels that are called, each once, in the order of their first call.
llvm::SmallVector<mlir::func::FuncOp> kernels_called_by(llvm::ArrayRef<mlir::func::FuncOp> functions);

/// The compiled forms of `kernels`, by the name of the kernel.
template <typename Compiled>
std::map<std::string, Compiled> kernels_by_name(llvm::ArrayRef<mlir::func::FuncOp> kernels, std::vector<Compiled> compiled) {
  std::map<std::string, Compiled> by_name;
  for (auto [kernel, code] : llvm::zip_equal(kernels, compiled))
    by_name[mlir::func::FuncOp(kernel).getName().str()] = std::move(code);
  return by_name;
}

/// Adds the calls in order, the arena and the constants.
void add_calls(const FusedFunction& function, const std::map<std::string, CompiledKernel>& compiled, ProgramPlan& plan);

/// The plan of a function without hoisted tensors, compiled and linked into this process.
ProgramPlan plan_function(mlir::func::FuncOp function, const Target& target, int threads);

}  // namespace fovea
