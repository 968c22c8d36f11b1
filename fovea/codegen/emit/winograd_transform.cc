// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/winograd_transform.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Vector/IR/VectorOps.h>

namespace fovea {

using namespace mlir;

namespace {

// Multiplies vectors by a small constant matrix, with common subexpressions shared.
class Combination {
 public:
  Combination(OpBuilder& builder, Location location) : builder_(builder), location_(location) {}

  // The rows of `matrix` times `vectors`.
  SmallVector<Value> apply(const Matrix& matrix, ArrayRef<Value> vectors) {
    Matrix left = matrix;
    SmallVector<Value> terms(vectors);
    join_columns(left, terms);
    SmallVector<Value> results(left.size());
    for (size_t row = 0; row < left.size(); ++row) {
      if (results[row]) continue;
      size_t other = row + 1;
      while (other < left.size() && !mirrored(left[row], left[other])) ++other;
      if (other == left.size()) {
        results[row] = sum(left[row], terms);
        continue;
      }
      // Two rows that differ only in signs are the sum and the difference of a common part and the part whose sign changes.
      std::vector<double> shared = left[row], turned = left[row];
      for (size_t i = 0; i < shared.size(); ++i) (left[row][i] == left[other][i] ? turned : shared)[i] = 0;
      Value common = sum(shared, terms), change = sum(turned, terms);
      results[row] = builder_.create<arith::AddFOp>(location_, common, change);
      results[other] = builder_.create<arith::SubFOp>(location_, common, change);
    }
    return results;
  }

 private:
  static bool mirrored(ArrayRef<double> a, ArrayRef<double> b) {
    bool same = false, turned = false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i] == 0 && b[i] == 0) continue;
      if (a[i] != b[i] && a[i] != -b[i]) return false;
      (a[i] == b[i] ? same : turned) = true;
    }
    return same && turned;
  }

  // Neighboring columns that differ only in signs are replaced by the sum and the difference of their terms.
  void join_columns(Matrix& matrix, SmallVectorImpl<Value>& terms) {
    for (size_t i = 0; i + 1 < terms.size(); ++i) {
      std::vector<double> a, b;
      for (const auto& row : matrix) {
        a.push_back(row[i]);
        b.push_back(row[i + 1]);
      }
      if (!mirrored(a, b)) continue;
      Value total = builder_.create<arith::AddFOp>(location_, terms[i], terms[i + 1]);
      Value difference = builder_.create<arith::SubFOp>(location_, terms[i], terms[i + 1]);
      terms[i] = total;
      terms[i + 1] = difference;
      for (auto& row : matrix) {
        const double factor = row[i];
        const bool of_sum = factor == row[i + 1];
        row[i] = of_sum ? factor : 0;
        row[i + 1] = of_sum ? 0 : factor;
      }
      ++i;
    }
  }

  Value sum(ArrayRef<double> factors, ArrayRef<Value> terms) {
    SmallVector<size_t> order;  // begins with a term that needs no multiplication
    for (const bool plain : {true, false})
      for (size_t i = 0; i < factors.size(); ++i)
        if (factors[i] != 0 && (factors[i] == 1) == plain) order.push_back(i);
    Value total;
    for (const size_t i : order) {
      if (!total) {
        total = factors[i] == 1 ? terms[i] : times(factors[i], terms[i]);
      } else if (factors[i] == 1) {
        total = builder_.create<arith::AddFOp>(location_, total, terms[i]);
      } else if (factors[i] == -1) {
        total = builder_.create<arith::SubFOp>(location_, total, terms[i]);
      } else {
        total = builder_.create<vector::FMAOp>(location_, terms[i], constant(factors[i], terms[i].getType()), total);
      }
    }
    return total;
  }

  Value constant(double factor, Type type) {
    return builder_.create<arith::ConstantOp>(
        location_,
        DenseElementsAttr::get(cast<ShapedType>(type), builder_.getF32FloatAttr(static_cast<float>(factor)).getValue()));
  }
  Value times(double factor, Value term) {
    return builder_.create<arith::MulFOp>(location_, term, constant(factor, term.getType()));
  }

  OpBuilder& builder_;
  Location location_;
};

}  // namespace

Square transformed(OpBuilder& builder, Location location, const Matrix& matrix, const Square& values) {
  Combination combination(builder, location);
  const size_t side = values.size(), results = matrix.size();
  Square half(results), all(results);
  for (size_t column = 0; column < side; ++column) {
    SmallVector<Value> terms;
    for (const auto& row : values) terms.push_back(row[column]);
    for (auto [row, value] : llvm::enumerate(combination.apply(matrix, terms))) half[row].push_back(value);
  }
  for (size_t row = 0; row < results; ++row) all[row] = combination.apply(matrix, half[row]);
  return all;
}

}  // namespace fovea
