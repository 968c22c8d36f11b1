// SPDX-License-Identifier: Apache-2.0
// The plan of a Program from a function of the stage `kernels`: its arguments and results, the kernels that it calls, and the
// places of tensors.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/codegen/driver/buffer_assignment.h"
#include "fovea/codegen/driver/kernel_compiler.h"

namespace fovea {

/// Adds the names and types of arguments and results to the plan. Hoisted tensors, the function's last arguments, are not
/// arguments of the program.
void describe_ports(mlir::func::FuncOp function, ProgramPlan& plan);

/// The kernels that the functions call, each once, in the order of the first call.
llvm::SmallVector<mlir::func::FuncOp> kernels_called_by(llvm::ArrayRef<mlir::func::FuncOp> functions);

/// The compiled forms of `kernels`, in their order, by the kernels' names.
template <typename Compiled>
std::map<std::string, Compiled> kernels_by_name(llvm::ArrayRef<mlir::func::FuncOp> kernels, std::vector<Compiled> compiled) {
  std::map<std::string, Compiled> by_name;
  for (auto [kernel, code] : llvm::zip_equal(kernels, compiled))
    by_name[mlir::func::FuncOp(kernel).getName().str()] = std::move(code);
  return by_name;
}

/// Adds the calls in their order, the size of the arena, and the constants.
void add_calls(const FusedFunction& function, const std::map<std::string, CompiledKernel>& compiled, ProgramPlan& plan);

/// The plan of a function without hoisted tensors, compiled and linked into this process.
ProgramPlan plan_function(mlir::func::FuncOp function, const Target& target, int threads);

}  // namespace fovea
