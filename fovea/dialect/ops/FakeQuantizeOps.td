// SPDX-License-Identifier: Apache-2.0
// Quantization-aware training. The C++ class is in a header of its own, fake_quantize.h.
include "fovea/dialect/ops/Dialect.td"

def Fovea_FakeQuantizeOp : Fovea_ElementwiseOperator<"fake_quantize"> {
  let summary = "real numbers rounded as integers would hold them, for quantization-aware training";
  let description = [{
    `(clamp(round(x / scale) + zero, least, most) - zero) * scale`, halves to the even number, with `scale = (maximum - minimum) / (most - least)`
    and `zero = round(least - minimum / scale)`, clamped to `least..most`, so that real 0 stays 0 when the range contains it. `minimum` and `maximum`
    are one number, or one for each position of the last dimension; a symmetric range with `least = -127` has zero point 0. An empty range gives 0.

    The gradient passes straight through where the value is inside the range and is zero outside (Bengio et al. 2013; Jacob et al., "Quantization and
    training of neural networks for efficient integer-arithmetic-only inference", 2018, section 3). The range has no gradient, because it is measured and not learned.

    ```mlir
    %y = fovea.fake_quantize %x, %minimum, %maximum : (tensor<8x10xf32>, tensor<f32>, tensor<f32>) -> tensor<8x10xf32>
    %v = fovea.fake_quantize %w, %low, %high {least = -127 : i64} : (tensor<64x10xf32>, tensor<10xf32>, tensor<10xf32>) -> tensor<64x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$minimum, Fovea_Float:$maximum,
                       DefaultValuedOptionalAttr<I64Attr, "-128">:$least, DefaultValuedOptionalAttr<I64Attr, "127">:$most);
  let results = (outs Fovea_Float:$output);
}
