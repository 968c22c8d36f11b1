// Runs a function of linalg formulas one element at a time: floating point in double, integers exactly.
#pragma once

#include <vector>

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

// Integers of up to 32 bits are exact in a double.
struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

// Calls of other functions of the module are followed. Throws std::runtime_error on operations that formulas may not hold.
std::vector<Array> interpret(mlir::func::FuncOp function, const std::vector<Array>& arguments);

}  // namespace fovea
