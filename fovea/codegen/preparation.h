// What code generation adds to the preparation of an inference program: weights in another form than the network gives them.
//
// Inside a kernel that reads such a form a builtin.unrealized_conversion_cast stands between the argument, of the new type, and
// the formula, which sees the tensor as it was.
#pragma once

#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

class Preparation {
 public:
  explicit Preparation(mlir::ModuleOp module);

  // A parameter or state that nothing replaces, or a prepared tensor; through views.
  bool is_known_before_run(mlir::Value value) const;

  // A new argument of the network: kernel(constants..., operand), called by the preparation. The same twice is one.
  mlir::Value prepared(mlir::Value operand, mlir::func::FuncOp kernel, llvm::ArrayRef<mlir::TypedAttr> constants,
                       mlir::Location location);

  // Prepared tensors that nobody reads any more, and what only they need.
  void drop_unread();

 private:
  mlir::Value in_preparation(mlir::OpBuilder& builder, mlir::Value value);
  mlir::func::FuncOp function();

  mlir::ModuleOp module_;
  mlir::func::FuncOp main_;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Operation*>, mlir::Value> prepared_;
};

// Argument `number` of the kernel becomes one of `type`.
void read_prepared(mlir::func::FuncOp kernel, unsigned number, mlir::RankedTensorType type);

}  // namespace fovea
