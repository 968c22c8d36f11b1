// SPDX-License-Identifier: Apache-2.0
// What code generation adds to the initializer of an inference program: weights in another layout than the network has them.
//
// In a kernel that reads such a weight, a builtin.unrealized_conversion_cast stands between the argument, which has the new
// type, and the linalg operation, which uses the tensor's old type.
#pragma once

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

/// Adds hoisted tensors to one module. Creates the initializer function when the first is added.
class InitializerWriter {
 public:
  /// `module` is at the stage `kernels`.
  explicit InitializerWriter(mlir::ModuleOp module);

  /// Whether `value`, seen through views, is a hoisted tensor, or a parameter or state that no result replaces.
  bool is_known_before_run(mlir::Value value) const;

  /// A new argument of the network's function for the result of kernel(constants..., operand), which the initializer calls.
  /// Equal requests return the same argument.
  mlir::Value hoisted(mlir::Value operand, mlir::func::FuncOp kernel, llvm::ArrayRef<mlir::TypedAttr> constants,
                      mlir::Location location);

  /// Calls act(kernel, its calls, candidate) for each kernel of the network for which candidate_of(kernel) returns a candidate
  /// whose `argument` is known before the run in every call.
  template <typename CandidateOf, typename Act>
  void for_each_candidate(CandidateOf candidate_of, Act act) const {
    for (auto& [kernel, calls] : calls_by_kernel()) {
      const auto candidate = candidate_of(kernel);
      if (!candidate) continue;
      const bool known = llvm::all_of(
          calls, [&](mlir::func::CallOp call) { return is_known_before_run(call.getOperand(candidate->argument)); });
      if (known) act(kernel, calls, *candidate);
    }
  }

  /// Removes hoisted tensors without users, and whatever only they need.
  void drop_unread();

 private:
  using Calls = llvm::SmallVector<mlir::func::CallOp>;
  llvm::MapVector<mlir::func::FuncOp, Calls> calls_by_kernel() const;
  mlir::Value in_initializer(mlir::OpBuilder& builder, mlir::Value value);
  mlir::func::FuncOp function();

  mlir::ModuleOp module_;
  mlir::func::FuncOp main_;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Operation*>, mlir::Value> hoisted_;
};

/// Changes the type of argument `number` of the kernel, and inserts the cast that the kernel's operation reads it through.
void read_hoisted(mlir::func::FuncOp kernel, unsigned number, mlir::RankedTensorType type);

}  // namespace fovea
