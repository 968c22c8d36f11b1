// Runs functions of linalg on tensors, one element at a time, in double precision: what the passes must not change.
#pragma once

#include <vector>

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

// Calls of other functions of the module are followed. Throws std::runtime_error on operations it does not know.
std::vector<Array> interpret(mlir::func::FuncOp function, const std::vector<Array>& arguments);

}  // namespace fovea
