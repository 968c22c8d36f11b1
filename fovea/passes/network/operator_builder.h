// SPDX-License-Identifier: Apache-2.0
// Operators of the dialect in place of others, for passes that rewrite a network.
#pragma once

#include "fovea/dialect/dialect.h"
#include "mlir/IR/Builders.h"

namespace fovea {

/// Creates operators, each at the location of the one that it stands for.
class OperatorBuilder {
 public:
  explicit OperatorBuilder(mlir::MLIRContext* context) : builder_(context) {}

  mlir::OpBuilder& builder() { return builder_; }

  /// The first result of a new operator, whose types are inferred; null where its shape rule refuses it, which is then
  /// diagnosed.
  template <typename Op>
  mlir::Value make(mlir::Operation* like, mlir::ValueRange operands, llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    const auto made = inferred({Op::getOperationName(), builder_.getContext()}, like, operands, attributes);
    return mlir::failed(made) ? mlir::Value() : (*made)->getResult(0);
  }

  /// The operator of that name on these operands; its types are inferred anew, or, where nothing infers them, those of `like`.
  mlir::FailureOr<mlir::Operation*> inferred(mlir::OperationName name, mlir::Operation* like, mlir::ValueRange operands,
                                             llvm::ArrayRef<mlir::NamedAttribute> attributes);

  mlir::NamedAttribute number(llvm::StringRef name, double value) {
    return builder_.getNamedAttr(name, builder_.getF64FloatAttr(value));
  }
  mlir::NamedAttribute text(llvm::StringRef name, llvm::StringRef value) {
    return builder_.getNamedAttr(name, builder_.getStringAttr(value));
  }

 private:
  mlir::OpBuilder builder_;
};

/// Those attributes of the operator that were given and are among `names`.
llvm::SmallVector<mlir::NamedAttribute> given_attributes(mlir::Operation* op, llvm::ArrayRef<llvm::StringRef> names);

}  // namespace fovea
