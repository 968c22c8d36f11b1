// SPDX-License-Identifier: Apache-2.0
// Runs a function of linalg linalg operations one element at a time: floating point in double, integers exactly.
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

// Random errors, to see how far results move when every number read and made is a little off: what arithmetic of that precision
// may give.
class Noise {
 public:
  Noise(double size, uint32_t seed) : size_(size), random_(seed) {}
  double disturbed(double value) { return value * (1 + size_ * (static_cast<double>(random_()) / 2147483648.0 - 1)); }

 private:
  double size_;  // the largest relative error
  std::mt19937 random_;
};

// Calls of other functions of the module are followed. Throws std::runtime_error on operations that linalg operations may not
// hold.
std::vector<Array> interpret(mlir::func::FuncOp function, const std::vector<Array>& arguments, Noise* noise = nullptr);

}  // namespace fovea
