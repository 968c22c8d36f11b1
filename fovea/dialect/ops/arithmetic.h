// SPDX-License-Identifier: Apache-2.0
// Arithmetic on values of the fovea dialect, for gradients and composite operators: `a.mul(dy, a.sub(1, y))`.
#pragma once

#include "fovea/dialect/check.h"
#include "mlir/IR/Builders.h"

namespace fovea::dialect {

/// Creates fovea operators at one location, each method the operator of its name.
class Arithmetic {
 public:
  /// `like` gives the element type of plain numbers among the operands.
  Arithmetic(mlir::OpBuilder& builder, mlir::Location location, mlir::Value like)
      : builder_(builder), location_(location), element_(element_type(like)) {}

  /// An operand: a value, or a number that becomes a scalar constant.
  struct Term {
    Term(mlir::Value value) : value(value) {}
    Term(double number) : number(number) {}
    mlir::Value value;
    double number = 0;
  };

  mlir::Value number(double value);
  mlir::Value value(Term term) { return term.value ? term.value : number(term.number); }

  mlir::Value add(Term a, Term b);
  mlir::Value sub(Term a, Term b);
  mlir::Value mul(Term a, Term b);
  mlir::Value div(Term a, Term b);
  mlir::Value maximum(Term a, Term b);
  mlir::Value pow(Term a, Term b);
  mlir::Value neg(mlir::Value a);
  mlir::Value abs(mlir::Value a);
  mlir::Value exp(mlir::Value a);
  mlir::Value log(mlir::Value a);
  mlir::Value rsqrt(mlir::Value a);
  mlir::Value sigmoid(mlir::Value a);
  mlir::Value square(mlir::Value a) { return mul(a, a); }
  /// a COMPARISON b ? on_true : on_false
  mlir::Value select(Term a, llvm::StringRef comparison, Term b, Term on_true, Term on_false);

  mlir::Value sum(mlir::Value a, llvm::ArrayRef<int64_t> dims, bool keep_dims = false);
  mlir::Value mean(mlir::Value a, llvm::ArrayRef<int64_t> dims, bool keep_dims = false);
  mlir::Value max(mlir::Value a, llvm::ArrayRef<int64_t> dims, bool keep_dims = false);
  mlir::Value mean_of_all(mlir::Value a);
  mlir::Value reshape(mlir::Value a, llvm::ArrayRef<int64_t> shape);
  mlir::Value broadcast(mlir::Value a, llvm::ArrayRef<int64_t> shape);

  /// The gradient of an operand that was broadcast to the shape of `gradient`: the sum along the repeated dimensions.
  mlir::Value sum_to(mlir::Value gradient, llvm::ArrayRef<int64_t> shape);

 private:
  mlir::OpBuilder& builder_;
  mlir::Location location_;
  mlir::Type element_;
};

}  // namespace fovea::dialect
