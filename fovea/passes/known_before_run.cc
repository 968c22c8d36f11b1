// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/known_before_run.h"

#include "fovea/passes/linalg_utils.h"

namespace fovea {

bool is_bound_before_run(mlir::BlockArgument argument) {
  auto main = mlir::dyn_cast<mlir::func::FuncOp>(argument.getOwner()->getParentOp());
  if (!main) return false;
  const llvm::StringRef role = role_of(main, argument.getArgNumber());
  if (role != "parameter" && role != "state") return false;
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (replaced_argument(main, i) == argument.getArgNumber()) return false;
  return true;
}

bool is_known_before_run(mlir::Value value) {
  if (auto argument = mlir::dyn_cast<mlir::BlockArgument>(value)) return is_bound_before_run(argument);
  return llvm::all_of(value.getDefiningOp()->getOperands(), is_known_before_run);
}

}  // namespace fovea
