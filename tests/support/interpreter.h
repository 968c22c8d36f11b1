// SPDX-License-Identifier: Apache-2.0
// Interprets functions of linalg operations one element at a time: floating point in double, integers exactly.
#pragma once

#include <random>
#include <vector>

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

// Integers of up to 32 bits are exact in a double.
struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

// Random errors that show how far results may move when every number that is read or computed has a small relative error, as in
// arithmetic of that precision.
class Noise {
 public:
  Noise(double size, uint32_t seed) : size_(size), random_(seed) {}
  double disturbed(double value) { return value * (1 + size_ * (static_cast<double>(random_()) / 2147483648.0 - 1)); }

 private:
  double size_;  // the largest relative error
  std::mt19937 random_;
};

// Runs the function; calls of other functions of the module are followed. Throws std::runtime_error on operations that code
// generation does not accept.
std::vector<Array> interpret(mlir::func::FuncOp function, const std::vector<Array>& arguments, Noise* noise = nullptr);

}  // namespace fovea
