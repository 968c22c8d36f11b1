// SPDX-License-Identifier: Apache-2.0
// Operators that rearrange values, and constants. Quantized tensors keep their element type.
include "fovea/dialect/ops/Dialect.td"

def Fovea_ConstantOp : Fovea_Op<"constant", [ConstantLike, Fovea_ShapeRule, DeclareOpInterfaceMethods<LinalgLoweringOpInterface>]> {
  let summary = "a value that is known when the network is defined";
  let description = [{
    ```mlir
    %half = fovea.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Fovea_Number:$output);
  let hasFolder = 1;
}

def Fovea_ReshapeOp : Fovea_Operator<"reshape"> {
  let summary = "the same values in row-major order, in another shape";
  let description = [{
    One entry of `shape` may be -1; it is inferred from the others.

    ```mlir
    %y = fovea.reshape %x {shape = array<i64: 128, -1>} : (tensor<128x13x13x32xf32>) -> tensor<128x5408xf32>
    ```
  }];
  let arguments = (ins Fovea_Data:$input, DenseI64ArrayAttr:$shape);
  let results = (outs Fovea_Data:$output);
  let hasFolder = 1;
}

def Fovea_BroadcastOp : Fovea_Operator<"broadcast"> {
  let summary = "repeats along dimensions of size 1, and in front, up to a shape";
  let description = [{
    ```mlir
    %y = fovea.broadcast %x {shape = array<i64: 8, 10>} : (tensor<10xf32>) -> tensor<8x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Data:$input, DenseI64ArrayAttr:$shape);
  let results = (outs Fovea_Data:$output);
}

def Fovea_TransposeOp : Fovea_Operator<"transpose"> {
  let summary = "dimensions in another order";
  let description = [{
    Dimension i of the result is dimension `permutation[i]` of the input.

    ```mlir
    %y = fovea.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<8x32x32x3xf32>) -> tensor<8x3x32x32xf32>
    ```
  }];
  let arguments = (ins Fovea_Data:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Fovea_Data:$output);
}

def Fovea_ConcatOp : Fovea_Operator<"concat"> {
  let summary = "tensors one after another along a dimension";
  let description = [{
    ```mlir
    %y = fovea.concat %a, %b {dim = 3 : i64} : (tensor<8x4x4x16xf32>, tensor<8x4x4x8xf32>) -> tensor<8x4x4x24xf32>
    ```
  }];
  let arguments = (ins Variadic<Fovea_Data>:$inputs, I64Attr:$dim);
  let results = (outs Fovea_Data:$output);
}

def Fovea_SliceOp : Fovea_Operator<"slice"> {
  let summary = "a box of a tensor: size cells from offset on, every stride-th";
  let description = [{
    Without `strides`, they are ones.

    ```mlir
    %y = fovea.slice %x {offsets = array<i64: 0, 2>, sizes = array<i64: 8, 4>} : (tensor<8x10xf32>) -> tensor<8x4xf32>
    ```
  }];
  let arguments = (ins Fovea_Data:$input, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes, Fovea_Strides:$strides);
  let results = (outs Fovea_Data:$output);
}

def Fovea_SliceGradientOp : Fovea_GradientOperator<"slice_gradient"> {
  let summary = "zeros with a box put back where fovea.slice took it from";
  let description = [{
    ```mlir
    %dx = fovea.slice_gradient %dy {input_shape = array<i64: 8, 10>, offsets = array<i64: 0, 2>, sizes = array<i64: 8, 4>}
        : (tensor<8x4xf32>) -> tensor<8x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Number:$gradient, DenseI64ArrayAttr:$input_shape, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                       Fovea_Strides:$strides);
  let results = (outs Fovea_Number:$output);
}

def Fovea_PadOp : Fovea_Operator<"pad"> {
  let summary = "cells of one value around a tensor";
  let description = [{
    `padding` is `[before, after]` for each dimension in turn. Quantized tensors are filled with the integer nearest to `value`, which
    is the zero point for 0.

    ```mlir
    %y = fovea.pad %x {padding = array<i64: 0, 0, 1, 1>} : (tensor<8x10xf32>) -> tensor<8x12xf32>
    ```
  }];
  let arguments = (ins Fovea_Data:$input, DenseI64ArrayAttr:$padding, DefaultValuedOptionalAttr<F64Attr, "0.0">:$value);
  let results = (outs Fovea_Data:$output);
}

def Fovea_Indices : StaticShapeTensorOf<[I32, I64]>;

def Fovea_GatherOp : Fovea_InferenceOperator<"gather"> {
  let summary = "positions along a dimension, picked by index";
  let description = [{
    The result has the indices' dimensions in place of dimension `dim`. Indices count from 0; one that is out of range gives zeros. Constant
    indices become slices when a few slices are enough.

    ```mlir
    %y = fovea.gather %x, %indices {dim = 1 : i64} : (tensor<8x10x4xf32>, tensor<3xi32>) -> tensor<8x3x4xf32>
    ```
  }];
  let arguments = (ins Fovea_Data:$input, Fovea_Indices:$indices, I64Attr:$dim);
  let results = (outs Fovea_Data:$output);
}

def Fovea_GatherElementsOp : Fovea_InferenceOperator<"gather_elements"> {
  let summary = "one position along a dimension for each element of the result, picked by index";
  let description = [{
    `output[i, ...] = input[i, ...]` with the position along `dim` replaced by `indices[i, ...]`, whose shape the result has. Along other dimensions
    there may be fewer indices than positions. Indices count from 0; one that is out of range gives zero.

    ```mlir
    %y = fovea.gather_elements %x, %indices {dim = 1 : i64} : (tensor<8x10xf32>, tensor<8x3xi64>) -> tensor<8x3xf32>
    ```
  }];
  let arguments = (ins Fovea_Data:$input, Fovea_Indices:$indices, I64Attr:$dim);
  let results = (outs Fovea_Data:$output);
}

def Fovea_GradientsOp : Fovea_Op<"gradients"> {
  let summary = "the gradients of a scalar by values it was computed from";
  let description = [{
    The pass `fovea-differentiate` replaces it by operators. The gradient is zero for a value on which the loss does not depend.

    ```mlir
    %dw, %db = fovea.gradients %loss, %w, %b : (tensor<f32>, tensor<784x10xf32>, tensor<10xf32>) -> (tensor<784x10xf32>, tensor<10xf32>)
    ```
  }];
  let arguments = (ins Fovea_Float:$loss, Variadic<Fovea_Float>:$wrt);
  let results = (outs Variadic<Fovea_Float>:$outputs);
  let hasVerifier = 1;
}
