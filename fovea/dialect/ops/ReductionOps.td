// SPDX-License-Identifier: Apache-2.0
// Reductions: sums, means, extremes, and what is found by comparing.
include "fovea/dialect/ops/Dialect.td"

class Fovea_ReductionOperator<string mnemonic, string summary_text, TypeConstraint type = Fovea_Number> : Fovea_Operator<mnemonic> {
  let summary = summary_text;
  let description = [{
    `dims` lists the dimensions that are reduced; with `keep_dims` they stay, with size 1. The order of summation is fixed by the shape.
  }];
  let arguments = (ins type:$input, DenseI64ArrayAttr:$dims, DefaultValuedOptionalAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs type:$output);
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location> location,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::fovea::dialect::infer_reduction(location, getOperationName(), adaptor.getInput(), adaptor.getDims(),
                                               adaptor.getKeepDims(), types);
    }
  }];
}

def Fovea_ReduceSumOp : Fovea_ReductionOperator<"reduce_sum", "the sum over dimensions">;
def Fovea_ReduceMeanOp : Fovea_ReductionOperator<"reduce_mean", "the mean over dimensions", Fovea_Float>;
def Fovea_ReduceMaxOp : Fovea_ReductionOperator<"reduce_max", "the largest over dimensions; equal values share the gradient", Fovea_Float>;
def Fovea_ReduceMinOp : Fovea_ReductionOperator<"reduce_min", "the smallest over dimensions; equal values share the gradient", Fovea_Float>;

def Fovea_ArgmaxOp : Fovea_GradientOperator<"argmax"> {
  let summary = "the index of the largest value along the last dimension, the first of equals";
  let description = [{
    ```mlir
    %class = fovea.argmax %logits : (tensor<128x10xf32>) -> tensor<128xi32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input);
  let results = (outs StaticShapeTensorOf<[I32]>:$output);
}

def Fovea_TopKCorrectOp : Fovea_GradientOperator<"top_k_correct"> {
  let summary = "how many rows have their label among the k largest";
  let description = [{
    A row counts when fewer than `k` of its values come before the label's, being larger, or equal and at a lower index. A row with a NaN
    at its label does not count.

    ```mlir
    %count = fovea.top_k_correct %logits, %labels {k = 5 : i64} : (tensor<128x1000xf32>, tensor<128xi32>) -> tensor<i32>
    ```
  }];
  let arguments = (ins Fovea_Float:$logits, StaticShapeTensorOf<[I32]>:$labels, DefaultValuedOptionalAttr<I64Attr, "1">:$k);
  let results = (outs StaticShapeTensorOf<[I32]>:$output);
}
