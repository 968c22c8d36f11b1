// SPDX-License-Identifier: Apache-2.0
// What every operator of the dialect provides besides its shape rule: its gradient and its lowering to linalg.
#ifndef FOVEA_DIALECT_INTERFACES
#define FOVEA_DIALECT_INTERFACES

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let description = [{
    Reverse-mode differentiation of one operator: from the gradients of its results to those of its operands, as more fovea operators.
  }];
  let cppNamespace = "::fovea::dialect";
  let methods = [
    InterfaceMethod<[{
        `output_gradients` has an entry for each result, null where the loss does not depend on it. `operand_gradients` has a null
        entry for each operand when the method is called; an entry left null means that no gradient flows to that operand.
      }], "void", "differentiate",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$output_gradients,
           "::llvm::SmallVectorImpl<::mlir::Value> &":$operand_gradients)>
  ];
}

def LinalgLoweringOpInterface : OpInterface<"LinalgLoweringOpInterface"> {
  let description = [{
    What the operator computes, as index maps and scalar bodies: linalg.generic, linalg.fill, tensor.empty, tensor.pad, tensor.extract_slice,
    tensor.insert_slice, tensor.collapse_shape, tensor.expand_shape and arith.constant. A composite operator (a norm, a loss) is
    written in simpler operators of the dialect, which the pass `convert-fovea-to-linalg` replaces in turn.
  }];
  let cppNamespace = "::fovea::dialect";
  let methods = [
    InterfaceMethod<[{
        `results` has a null entry for each result when the method is called; an entry may stay null only when that result has no use.
      }], "void", "lower_to_linalg",
      (ins "::mlir::OpBuilder &":$builder, "::llvm::SmallVectorImpl<::mlir::Value> &":$results)>
  ];
}

#endif
