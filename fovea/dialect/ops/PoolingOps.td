// SPDX-License-Identifier: Apache-2.0
// Pooling over windows. Pooling over whole images is a reduction (fovea.reduce_mean, fovea.reduce_max).
include "fovea/dialect/ops/Dialect.td"

def Fovea_MaxPoolOp : Fovea_Operator<"max_pool"> {
  let summary = "the largest value of each window, and the tap where it is";
  let description = [{
    Padding counts as minus infinity. `tap` is the row-major position in the window of the first largest value, to which the gradient goes.
    Without `strides`, they are the window's size. Quantized images keep their element type.

    ```mlir
    %y, %tap = fovea.max_pool %x {window = array<i64: 2, 2>}
        : (tensor<8x26x26x32xf32>) -> (tensor<8x13x13x32xf32>, tensor<8x13x13x32xi32>)
    ```
  }];
  let arguments = (ins Fovea_FloatOrQuantized:$input, DenseI64ArrayAttr:$window, Fovea_Strides:$strides, Fovea_Dilations:$dilations,
                       Fovea_OptionalPadding:$padding);
  let results = (outs Fovea_FloatOrQuantized:$output, StaticShapeTensorOf<[I32]>:$tap);
}

def Fovea_MaxPoolGradientOp : Fovea_GradientOperator<"max_pool_gradient"> {
  let summary = "the gradient of each window, at the tap of the largest value";
  let description = [{
    `input_size` is the spatial size of the image that was pooled.

    ```mlir
    %dx = fovea.max_pool_gradient %dy, %tap {input_size = array<i64: 26, 26>, window = array<i64: 2, 2>}
        : (tensor<8x13x13x32xf32>, tensor<8x13x13x32xi32>) -> tensor<8x26x26x32xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$gradient, StaticShapeTensorOf<[I32]>:$tap, DenseI64ArrayAttr:$input_size,
                       DenseI64ArrayAttr:$window, Fovea_Strides:$strides, Fovea_Dilations:$dilations, Fovea_OptionalPadding:$padding);
  let results = (outs Fovea_Float:$output);
}

def Fovea_AveragePoolOp : Fovea_Operator<"avg_pool"> {
  let summary = "the mean of each window";
  let description = [{
    With `count_padding` (PyTorch's default) the sum is divided by the window's size; without it (as in TensorFlow, the default here) by the
    number of cells that lie in the input. Without `strides`, they are the window's size.

    ```mlir
    %y = fovea.avg_pool %x {padding = "same", window = array<i64: 3, 3>} : (tensor<8x26x26x32xf32>) -> tensor<8x9x9x32xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, DenseI64ArrayAttr:$window, Fovea_Strides:$strides, Fovea_OptionalPadding:$padding,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$count_padding);
  let results = (outs Fovea_Float:$output);
}

def Fovea_SumPoolGradientOp : Fovea_GradientOperator<"sum_pool_gradient"> {
  let summary = "the gradient of each window, at every tap";
  let description = [{
    `input_size` is the spatial size of the image that was pooled.

    ```mlir
    %dx = fovea.sum_pool_gradient %dy {input_size = array<i64: 26, 26>, window = array<i64: 2, 2>}
        : (tensor<8x13x13x32xf32>) -> tensor<8x26x26x32xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$gradient, DenseI64ArrayAttr:$input_size, DenseI64ArrayAttr:$window, Fovea_Strides:$strides,
                       Fovea_OptionalPadding:$padding);
  let results = (outs Fovea_Float:$output);
}
