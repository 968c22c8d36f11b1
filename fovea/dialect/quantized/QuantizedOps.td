// SPDX-License-Identifier: Apache-2.0
// Integer arithmetic of trained networks. A type holds scale and zero point: real = scale * (q - zero).
//
// The operators' C++ classes are in a header of their own, quantized.h.
include "fovea/dialect/ops/Dialect.td"

defvar Fovea_Activation = DefaultValuedOptionalAttr<StrAttr, "\"none\"">;
defvar Fovea_Rounding = DefaultValuedOptionalAttr<StrAttr, "\"float\"">;
// Whose rule integers are rounded by where LiteRT and ONNX differ: "litert" or "onnx".
defvar Fovea_Rule = DefaultValuedOptionalAttr<StrAttr, "\"litert\"">;
def Fovea_Bias : StaticShapeTensorOf<[I32, I64, Fovea_QuantizedElement]>;

def Fovea_QuantizeOp : Fovea_InferenceOperator<"quantize"> {
  let summary = "real numbers, or integers of another scale, as integers";
  let description = [{
    From f32 the result is `round(input / output scale) + output zero`, clamped to the storage type; halves go to the even number, and the
    division is a multiplication by the reciprocal in f32, as in XNNPACK. From 8-bit integers of another scale or zero point it is the same
    real numbers, by XNNPACK's fixed-point multiplication with 8 fractional bits (`((q - zero) * multiplier + 128) >> 8`); 8-bit types whose
    zero points are 128 apart and whose scales are equal differ by their top bit alone. Conversion of real numbers to 16-bit integers divides
    and rounds halves away from zero; between integers of which one has 16 bits it uses TensorFlow Lite's fixed point. `output` is the
    result's element type.

    `rounding` `"onnx"` is the rule of ONNX's QuantizeLinear: `round(input / output scale)` with one division in f32 and halves to even, then
    the zero point is added and the sum clamped. Integers are first converted to their real numbers in f32.

    ```mlir
    %q = fovea.quantize %x {output = !quant.uniform<i8:f32, 0.5:-3>} : (tensor<8x10xf32>) -> tensor<8x10x!quant.uniform<i8:f32, 0.5:-3>>
    ```
  }];
  let arguments = (ins StaticShapeTensorOf<[F32, Fovea_QuantizedElement]>:$input, Fovea_Rule:$rounding, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_ReinterpretOp : Fovea_InferenceOperator<"reinterpret"> {
  let summary = "the same integers, which stand for other real numbers";
  let description = [{
    `output` has the storage type of the input, and any scale and zero point.

    ```mlir
    %y = fovea.reinterpret %x {output = !quant.uniform<u8:f32, 0.5:3>}
        : (tensor<8x10x!quant.uniform<u8:f32, 1.0>>) -> tensor<8x10x!quant.uniform<u8:f32, 0.5:3>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_DynamicQuantizeOp : Fovea_InferenceOperator<"dynamic_quantize"> {
  let summary = "real numbers as u8 integers, with a scale and zero point computed from them";
  let description = [{
    ONNX's DynamicQuantizeLinear. The range of the whole tensor is extended to contain 0; then `scale = (largest - least) / 255`,
    `zero = clamp(round(-least / scale))` and `integers = clamp(round(input / scale) + zero)`, with halves to the even number. The type of the
    integers has scale 1 and zero point 0, because what they stand for is known only at run time, from the second and third result.

    ```mlir
    %q, %scale, %zero = fovea.dynamic_quantize %x
        : (tensor<8x10xf32>) -> (tensor<8x10x!quant.uniform<u8:f32, 1.0>>, tensor<f32>, tensor<!quant.uniform<u8:f32, 1.0>>)
    ```
  }];
  let arguments = (ins StaticShapeTensorOf<[F32]>:$input);
  let results = (outs Fovea_Quantized:$integers, StaticShapeTensorOf<[F32]>:$scale, Fovea_Quantized:$zero);
}

def Fovea_DequantizeOp : Fovea_InferenceOperator<"dequantize"> {
  let summary = "integers as the real numbers they stand for: scale * (q - zero), in f32";
  let description = [{
    ```mlir
    %x = fovea.dequantize %q : (tensor<8x10x!quant.uniform<i8:f32, 0.5:-3>>) -> tensor<8x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input);
  let results = (outs StaticShapeTensorOf<[F32]>:$result);
}

def Fovea_QuantizedConvOp : Fovea_InferenceOperator<"quantized_conv"> {
  let summary = "convolution of 8-bit integers, with bias and activation";
  let description = [{
    `output = clamp(round(multiplier[f] * (bias[f] + sum of (input - input zero) * (filter - filter zero))) + output zero)`, the sum exact in 32 bits,
    `multiplier[f] = input scale * filter scale[f] / output scale`. Windows, groups and padding are those of `fovea.conv`; cells outside the
    input stand for real 0.

    The filter is 8-bit: signed with one scale for each filter or one for all, zero points 0; or unsigned with one scale and a zero point (older
    files). The bias is `[filters]`, i32 with the scale `input scale * filter scale[f]` and zero point 0, or plain i32 which means the same.

    For 16-bit activations (zero point 0) the sum is as wide as the bias. In i64 it is exact and rounded once, by a multiplier of 15 bits;
    in i32 it is rounded as with `"double"`. A dense layer with a scale for each unit keeps 32 bits of its sums and rounds them so, too.

    `activation` (`"none"`, `"relu"`, `"relu6"`, `"relu_n1_to_1"`) limits the result to the integers that stand for its range. `rounding`
    `"float"` multiplies in f32 and rounds halves to even, as in XNNPACK, which LiteRT uses; `"double"` is the fixed-point multiplication
    of gemmlowp, which rounds twice, halves away from zero.

    Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018, section 2.

    ```mlir
    %y = fovea.quantized_conv %x, %w, %b {padding = "same", activation = "relu6", output = !quant.uniform<u8:f32, 0.25>}
        : (tensor<1x8x8x3x!quant.uniform<u8:f32, 0.5:128>>, tensor<3x3x3x2x!quant.uniform<i8:f32:3, {0.5, 0.25}>>,
           tensor<2x!quant.uniform<i32:f32:0, {0.25, 0.125}>>) -> tensor<1x8x8x2x!quant.uniform<u8:f32, 0.25>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, Fovea_Quantized:$filter, Fovea_Bias:$bias, Fovea_Strides:$strides,
                       Fovea_Dilations:$dilations, Fovea_Groups:$groups, Fovea_OptionalPadding:$padding,
                       Fovea_Activation:$activation, Fovea_Rounding:$rounding, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedDenseOp : Fovea_InferenceOperator<"quantized_dense"> {
  let summary = "a fully connected layer of 8-bit integers, with bias and activation";
  let description = [{
    `fovea.dense` in the arithmetic of `fovea.quantized_conv`: input `[batch, in]`, weight `[in, out]` (one scale, or one for each unit),
    bias `[out]`.

    ```mlir
    %y = fovea.quantized_dense %x, %w, %b {output = !quant.uniform<i8:f32, 0.5:3>}
        : (tensor<1x64x!quant.uniform<i8:f32, 0.5:-128>>, tensor<64x10x!quant.uniform<i8:f32, 0.25>>, tensor<10xi32>)
        -> tensor<1x10x!quant.uniform<i8:f32, 0.5:3>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, Fovea_Quantized:$weight, Fovea_Bias:$bias, Fovea_Activation:$activation,
                       Fovea_Rounding:$rounding, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_IntegerConvOp : Fovea_InferenceOperator<"integer_conv"> {
  let summary = "convolution of 8-bit integers, as the i32 sums themselves";
  let description = [{
    `sum of (input - input zero) * (filter - filter zero)`, exact in 32 bits, without a scale. Everything else is as in `fovea.quantized_conv`.

    ```mlir
    %y = fovea.integer_conv %x, %w {padding = "same"}
        : (tensor<1x8x8x3x!quant.uniform<u8:f32, 1.0:128>>, tensor<3x3x3x2x!quant.uniform<i8:f32, 1.0>>) -> tensor<1x8x8x2xi32>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, Fovea_Quantized:$filter, Fovea_Strides:$strides, Fovea_Dilations:$dilations,
                       Fovea_Groups:$groups, Fovea_OptionalPadding:$padding);
  let results = (outs StaticShapeTensorOf<[I32]>:$result);
}

def Fovea_IntegerDenseOp : Fovea_InferenceOperator<"integer_dense"> {
  let summary = "a fully connected layer of 8-bit integers, as the i32 sums themselves";
  let description = [{
    `fovea.dense` in the arithmetic of `fovea.integer_conv`.

    ```mlir
    %y = fovea.integer_dense %x, %w
        : (tensor<1x64x!quant.uniform<u8:f32, 1.0:128>>, tensor<64x10x!quant.uniform<i8:f32, 1.0>>) -> tensor<1x10xi32>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, Fovea_Quantized:$weight);
  let results = (outs StaticShapeTensorOf<[I32]>:$result);
}

class Fovea_QuantizedBinaryOperator<string mnemonic, string summary_text, string text> : Fovea_InferenceOperator<mnemonic> {
  let summary = summary_text;
  let description = text # [{
    Shapes are broadcast; both operands and the result have the same storage type and may have any scales. `activation` is as in
    `fovea.quantized_conv`. `rounding` `"onnx"` computes in f32 and rounds once, halves to even, for any 8-bit storage types. 16-bit
    integers are computed in TensorFlow Lite's fixed point, which rounds twice; with `by_shifts` a sum's operand is shifted to the
    other's scale, which is the result's (all powers of two).

    ```mlir
    %y = fovea.}] # mnemonic # [{ %a, %b {output = !quant.uniform<i8:f32, 0.5>}
        : (tensor<8x10x!quant.uniform<i8:f32, 0.25:3>>, tensor<10x!quant.uniform<i8:f32, 0.5>>) -> tensor<8x10x!quant.uniform<i8:f32, 0.5>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$lhs, Fovea_Quantized:$rhs, Fovea_Activation:$activation, Fovea_Rule:$rounding,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$by_shifts, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedAddOp : Fovea_QuantizedBinaryOperator<"quantized_add", "sum of 8-bit integers of any scales", [{
    It is computed in fixed point, as in XNNPACK: both operands are multiplied by 21-bit multipliers of `scale / output scale`, summed, and
    shifted right with halves upwards. With `rounding` `"onnx"`, both are multiplied by `scale / output scale` in f32, and all zero points are
    added as one f32 number.
}]>;
def Fovea_QuantizedSubOp : Fovea_QuantizedBinaryOperator<"quantized_sub", "difference of 8-bit integers of any scales", [{
    It is `fovea.quantized_add` with the second multiplier negative. With `rounding` `"onnx"` it is the difference of the real numbers in f32,
    divided by the output's scale.
}]>;
def Fovea_QuantizedMulOp : Fovea_QuantizedBinaryOperator<"quantized_mul", "product of 8-bit integers of any scales", [{
    `(lhs - zero) * (rhs - zero)` as f32 is multiplied by `lhs scale * rhs scale / output scale` and rounded with halves to even. With
    `rounding` `"onnx"`, the output's zero point is added before rounding.
}]>;

class Fovea_QuantizedExtremeOperator<string mnemonic, string which> : Fovea_InferenceOperator<mnemonic> {
  let summary = "the " # which # " of two 8-bit integers of one scale";
  let description = [{
    Shapes are broadcast; operands and result have the same element type, so the integers themselves are compared.

    ```mlir
    %y = fovea.}] # mnemonic # [{ %a, %b
        : (tensor<8x10x!quant.uniform<i8:f32, 0.5:3>>, tensor<10x!quant.uniform<i8:f32, 0.5:3>>) -> tensor<8x10x!quant.uniform<i8:f32, 0.5:3>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$lhs, Fovea_Quantized:$rhs);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedMaximumOp : Fovea_QuantizedExtremeOperator<"quantized_maximum", "larger">;
def Fovea_QuantizedMinimumOp : Fovea_QuantizedExtremeOperator<"quantized_minimum", "smaller">;

def Fovea_QuantizedPreluOp : Fovea_InferenceOperator<"quantized_prelu"> {
  let summary = "x where x is not negative, else slope * x, in 8-bit integers of any scales";
  let description = [{
    The slope is broadcast. The result is computed in TensorFlow Lite's fixed point, which rounds twice: `x - zero` times
    `input scale / output scale`, or `(x - zero) * (slope - slope zero)` times `input scale * slope scale / output scale`.

    ```mlir
    %y = fovea.quantized_prelu %x, %slope {output = !quant.uniform<i8:f32, 0.5>}
        : (tensor<1x8x8x16x!quant.uniform<i8:f32, 0.25:3>>, tensor<1x1x16x!quant.uniform<i8:f32, 0.01>>)
        -> tensor<1x8x8x16x!quant.uniform<i8:f32, 0.5>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, Fovea_Quantized:$slope, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedAveragePoolOp : Fovea_InferenceOperator<"quantized_average_pool"> {
  let summary = "the mean of each window of 8-bit integers";
  let description = [{
    The sum of the cells that lie in the input, of 8 or 16 bits, is divided by their number with halves away from zero, as in TensorFlow
    Lite. The element type stays. Without `strides`, they are the window's size.

    With `rounding` `"onnx"` the real numbers are summed in f32, divided by their number (with `count_padding`, the window's) and by the scale of
    `output`, to which its zero point is added before rounding with halves to even, as in ONNX Runtime.

    ```mlir
    %y = fovea.quantized_average_pool %x {window = array<i64: 7, 7>}
        : (tensor<1x7x7x32x!quant.uniform<u8:f32, 0.5>>) -> tensor<1x1x1x32x!quant.uniform<u8:f32, 0.5>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, DenseI64ArrayAttr:$window, Fovea_Strides:$strides, Fovea_OptionalPadding:$padding,
                       Fovea_Activation:$activation, DefaultValuedOptionalAttr<BoolAttr, "false">:$count_padding,
                       Fovea_Rule:$rounding, OptionalAttr<TypeAttr>:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedMeanOp : Fovea_InferenceOperator<"quantized_mean"> {
  let summary = "the mean of 8-bit integers over dimensions";
  let description = [{
    `round(sum of input * multiplier + (output zero - count * input zero * multiplier))` in f32 with `multiplier = input scale / output scale / count`
    and halves to even, as in XNNPACK. With `rounding` `"onnx"`, the i32 sum of `input - input zero` is multiplied by
    `input scale / (output scale * count)`, rounded, and the zero point is added. `dims` lists the dimensions that are reduced; with
    `keep_dims` they stay, with size 1.

    ```mlir
    %y = fovea.quantized_mean %x {dims = array<i64: 1, 2>, output = !quant.uniform<i8:f32, 0.25>}
        : (tensor<1x7x7x32x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x32x!quant.uniform<i8:f32, 0.25>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, DenseI64ArrayAttr:$dims, DefaultValuedOptionalAttr<BoolAttr, "false">:$keep_dims,
                       Fovea_Rule:$rounding, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedSumOp : Fovea_InferenceOperator<"quantized_sum"> {
  let summary = "the sum of 8-bit integers over dimensions";
  let description = [{
    `fovea.quantized_mean` with `multiplier = input scale / output scale`.

    ```mlir
    %y = fovea.quantized_sum %x {dims = array<i64: 1, 2>, output = !quant.uniform<i8:f32, 8.0>}
        : (tensor<1x7x7x32x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x32x!quant.uniform<i8:f32, 8.0>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, DenseI64ArrayAttr:$dims, DefaultValuedOptionalAttr<BoolAttr, "false">:$keep_dims,
                       TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedActivationOp : Fovea_InferenceOperator<"quantized_activation"> {
  let summary = "a function of one 8-bit integer";
  let description = [{
    `function` is `"relu"`, `"relu6"`, `"relu_n1_to_1"`, `"leaky_relu"` (slope `alpha`), `"sigmoid"`, `"tanh"`, `"hard_swish"`, `"swish"`, `"gelu"`,
    `"elu"`, `"exp"` or `"hard_sigmoid"`. The outputs for all 256 inputs are computed when the network is compiled: by XNNPACK's reference functions in
    f32, except that relu between different scales uses TensorFlow Lite's fixed point, which rounds twice, and leaky_relu XNNPACK's, which
    has 8 fractional bits. The result of `"sigmoid"` has scale 1/256 and the least zero point, that of `"tanh"` scale 1/128 and the middle
    one. For 16-bit integers there are the relus, `"leaky_relu"`, `"sigmoid"` and `"tanh"`; the last two are interpolated in a table of 256
    entries and have scale 1/32768.

    With `rounding` `"onnx"`, every function is computed on the f32 number, divided by the output's scale and rounded with halves to even, for
    any scale, zero point and storage types.

    ```mlir
    %y = fovea.quantized_activation %x {function = "sigmoid", output = !quant.uniform<i8:f32, 0.00390625:-128>}
        : (tensor<8x10x!quant.uniform<i8:f32, 0.5>>) -> tensor<8x10x!quant.uniform<i8:f32, 0.00390625:-128>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, StrAttr:$function, DefaultValuedOptionalAttr<F64Attr, "0.0">:$alpha,
                       Fovea_Rule:$rounding, TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_QuantizedSoftmaxOp : Fovea_InferenceOperator<"quantized_softmax"> {
  let summary = "probabilities along the last dimension, in 8-bit integers";
  let description = [{
    `exp(beta * scale * (q - largest))` comes from a table in f32, is summed in f32 in sequential order, multiplied by `256 / sum` and rounded
    with halves away from zero, as in TensorFlow Lite's optimized kernel. The result has scale 1/256 and the least zero point. For 16-bit
    integers, the exponentials and the reciprocal of the sum are interpolated in tables of 513 entries; the result has scale 1/32768.

    With `rounding` `"onnx"` it is ONNX Runtime's QLinearSoftmax: `exp * floor(1 / output scale) / sum`, halves to even, for any scale and zero point.

    ```mlir
    %y = fovea.quantized_softmax %x {output = !quant.uniform<u8:f32, 0.00390625>}
        : (tensor<1x1001x!quant.uniform<u8:f32, 0.125:66>>) -> tensor<1x1001x!quant.uniform<u8:f32, 0.00390625>>
    ```
  }];
  let arguments = (ins Fovea_Quantized:$input, DefaultValuedOptionalAttr<F64Attr, "1.0">:$beta, Fovea_Rule:$rounding,
                       TypeAttr:$output);
  let results = (outs Fovea_Quantized:$result);
}

def Fovea_ResizeOp : Fovea_InferenceOperator<"resize"> {
  let summary = "an image resized by nearest cells or linear interpolation";
  let description = [{
    `size` is the new height and width, `method` `"bilinear"` or `"nearest"`. Without attributes, output cell o reads at `o * in / out`;
    with `half_pixel_centers` at `(o + 0.5) * in / out - 0.5`; with `align_corners` at `o * (in - 1) / (out - 1)`, all as in TensorFlow.
    Quantized images keep their element type, and their bilinear weights have 11 fractional bits, those of 16-bit images 10.

    ```mlir
    %y = fovea.resize %x {size = array<i64: 8, 8>, method = "bilinear", half_pixel_centers = true}
        : (tensor<1x4x4x3xf32>) -> tensor<1x8x8x3xf32>
    ```
  }];
  let arguments = (ins StaticShapeTensorOf<[F32, Fovea_QuantizedElement]>:$input, DenseI64ArrayAttr:$size, StrAttr:$method,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$align_corners,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$half_pixel_centers);
  let results = (outs StaticShapeTensorOf<[F32, Fovea_QuantizedElement]>:$result);
}
