// SPDX-License-Identifier: Apache-2.0
// Convolutions and matrix products: the operators that multiply and sum.
include "fovea/dialect/ops/Dialect.td"

def Fovea_ConvOp : Fovea_Operator<"conv"> {
  let summary = "convolution over 1, 2 or 3 spatial dimensions";
  let description = [{
    `output[n, o..., f] = sum over k..., c of input[n, o * stride + k * dilation - before..., c] * filter[k..., c, f]`, where positions
    outside the input count as zero. There is no bias operand; an addition that follows is computed in the same kernel.

    With `groups` g, channels and filters are divided into g equal groups, and the filters of a group read the channels of the same group;
    the filter is `[spatial..., in / groups, out]`. When `groups` equals the input channels, this is a depthwise convolution with the filter
    `[spatial..., 1, in * multiplier]`.

    `padding` is `"valid"` (none, the default), `"same"` (as in TensorFlow: the output size is the input size divided by the stride, rounded
    up, and an odd cell of padding is added after), or `[before, after]` for each spatial dimension in turn.

    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.

    ```mlir
    %y = fovea.conv %x, %w {padding = "same", strides = array<i64: 2, 2>}
        : (tensor<8x32x32x3xf32>, tensor<3x3x3x16xf32>) -> tensor<8x16x16x16xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$filter, Fovea_Strides:$strides, Fovea_Dilations:$dilations,
                       Fovea_Groups:$groups, Fovea_OptionalPadding:$padding);
  let results = (outs Fovea_Float:$output);
}

def Fovea_ConvTransposeOp : Fovea_Operator<"conv_transpose"> {
  let summary = "transposed convolution: the gradient of a convolution by its input";
  let description = [{
    The convolution with these attributes takes an image of `output`'s size to one of `input`'s size; this operator is its transpose. The
    filter is that of the convolution: `[spatial..., out / groups, in]`. `output_size` gives the spatial size of the result where the stride leaves a
    choice; without it the smallest is taken (`"same"`: the input size times the stride).

    ```mlir
    %y = fovea.conv_transpose %x, %w {padding = "same", strides = array<i64: 2, 2>}
        : (tensor<8x16x16x16xf32>, tensor<3x3x8x16xf32>) -> tensor<8x32x32x8xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$filter, Fovea_Strides:$strides, Fovea_Dilations:$dilations,
                       Fovea_Groups:$groups, Fovea_OptionalPadding:$padding,
                       DefaultValuedOptionalAttr<DenseI64ArrayAttr, "{}">:$output_size);
  let results = (outs Fovea_Float:$output);
}

def Fovea_ConvFilterGradientOp : Fovea_Operator<"conv_filter_gradient"> {
  let summary = "the gradient of a convolution by its filter";
  let description = [{
    `filter[k..., c, f] = sum over n, o... of input[n, o * stride + k * dilation - before..., c] * gradient[n, o..., f]`.
    The operands are the convolution's input and the gradient of its output. `filter_size` is the filter's spatial size.

    ```mlir
    %dw = fovea.conv_filter_gradient %x, %dy {filter_size = array<i64: 3, 3>, padding = "same"}
        : (tensor<8x32x32x3xf32>, tensor<8x32x32x16xf32>) -> tensor<3x3x3x16xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$gradient, DenseI64ArrayAttr:$filter_size, Fovea_Strides:$strides,
                       Fovea_Dilations:$dilations, Fovea_Groups:$groups, Fovea_OptionalPadding:$padding);
  let results = (outs Fovea_Float:$output);
}

def Fovea_DenseOp : Fovea_Operator<"dense"> {
  let summary = "a fully connected layer: [batch, in] x [in, out]";
  let description = [{
    `output[b, o] = sum over i of input[b, i] * weight[i, o]`. There is no bias operand; add it.

    ```mlir
    %y = fovea.dense %x, %w : (tensor<128x784xf32>, tensor<784x10xf32>) -> tensor<128x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$weight);
  let results = (outs Fovea_Float:$output);
}

def Fovea_MatmulOp : Fovea_Operator<"matmul"> {
  let summary = "matrix product, either operand transposed";
  let description = [{
    `output[m, n] = sum over k of lhs[m, k] * rhs[k, n]`; `transpose_lhs` reads `lhs[k, m]`, `transpose_rhs` reads `rhs[n, k]`.
    The dimensions before these two are equal in both operands and form a batch of matrices.

    ```mlir
    %dw = fovea.matmul %x, %dy {transpose_lhs = true} : (tensor<128x784xf32>, tensor<128x10xf32>) -> tensor<784x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$lhs, Fovea_Float:$rhs, DefaultValuedOptionalAttr<BoolAttr, "false">:$transpose_lhs,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$transpose_rhs);
  let results = (outs Fovea_Float:$output);
}
