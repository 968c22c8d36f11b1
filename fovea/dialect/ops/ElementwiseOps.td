// SPDX-License-Identifier: Apache-2.0
// Element-wise operators: arithmetic, comparisons and activations.
include "fovea/dialect/ops/Dialect.td"

def Fovea_AddOp : Fovea_BinaryOperator<"add", "sum, with broadcasting">;
def Fovea_SubOp : Fovea_BinaryOperator<"sub", "difference, with broadcasting">;
def Fovea_MulOp : Fovea_BinaryOperator<"mul", "product, with broadcasting">;
def Fovea_DivOp : Fovea_BinaryOperator<"div", "quotient, with broadcasting; integers are rounded towards zero">;
def Fovea_MaximumOp : Fovea_BinaryOperator<"maximum", "the larger of two, with broadcasting; when they are equal, the gradient goes to the first">;
def Fovea_MinimumOp : Fovea_BinaryOperator<"minimum", "the smaller of two, with broadcasting; when they are equal, the gradient goes to the first">;
def Fovea_PowOp : Fovea_ArithmeticOperator<"pow"> {
  let summary = "a base raised to an exponent, with broadcasting";
  let description = [{
    The gradient by the exponent is zero where the base is not positive.
  }];
  let arguments = (ins Fovea_Float:$lhs, Fovea_Float:$rhs);
  let results = (outs Fovea_Float:$output);
}

def Fovea_SelectOp : Fovea_ElementwiseOperator<"select"> {
  let summary = "one of two values by a comparison, with broadcasting";
  let description = [{
    `output = lhs COMPARISON rhs ? on_true : on_false`. Comparisons with a NaN are false, except `"ne"`.

    ```mlir
    %dx = fovea.select %y, %zero, %dy, %zero {comparison = "gt"}
        : (tensor<8x10xf32>, tensor<f32>, tensor<8x10xf32>, tensor<f32>) -> tensor<8x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Number:$lhs, Fovea_Number:$rhs, Fovea_Number:$on_true, Fovea_Number:$on_false,
                       StrAttr:$comparison);
  let results = (outs Fovea_Number:$output);
}

def Fovea_CastOp : Fovea_ElementwiseOperator<"cast"> {
  let summary = "the same values in another element type";
  let description = [{
    Floating point to integer rounds towards zero.

    ```mlir
    %y = fovea.cast %x {dtype = bf16} : (tensor<8x10xf32>) -> tensor<8x10xbf16>
    ```
  }];
  let arguments = (ins Fovea_Number:$input, TypeAttr:$dtype);
  let results = (outs Fovea_Number:$output);
}

def Fovea_RoundToOp : Fovea_InferenceOperator<"round_to"> {
  let summary = "f32 numbers as a narrower type would hold them";
  let description = [{
    `as` is `"f16"` or `"bf16"`. Numbers become the nearest one of that type, halves the even one, and beyond its range infinity. It is computed
    on the bits, so that every processor gives the same result and no pass takes it for a pair of casts.

    ```mlir
    %y = fovea.round_to %x {as = "f16"} : (tensor<8x10xf32>) -> tensor<8x10xf32>
    ```
  }];
  let arguments = (ins StaticShapeTensorOf<[F32]>:$input, StrAttr:$as);
  let results = (outs StaticShapeTensorOf<[F32]>:$output);
}

def Fovea_ClampOp : Fovea_ArithmeticOperator<"clamp"> {
  let summary = "values limited to [low, high]";
  let arguments = (ins Fovea_Float:$input, F64Attr:$low, F64Attr:$high);
  let results = (outs Fovea_Float:$output);
}

def Fovea_NegOp : Fovea_UnaryOperator<"neg", "-x">;
def Fovea_AbsOp : Fovea_UnaryOperator<"abs", "|x|; the gradient at 0 is 0">;
def Fovea_ExpOp : Fovea_UnaryOperator<"exp", "e to the x">;
def Fovea_LogOp : Fovea_UnaryOperator<"log", "the natural logarithm">;
def Fovea_SqrtOp : Fovea_UnaryOperator<"sqrt", "the square root">;
def Fovea_RsqrtOp : Fovea_UnaryOperator<"rsqrt", "1 / sqrt(x)">;
def Fovea_FloorOp : Fovea_UnaryOperator<"floor", "the largest whole number that is not above x; the gradient is 0">;
def Fovea_CeilOp : Fovea_UnaryOperator<"ceil", "the smallest whole number that is not below x; the gradient is 0">;
def Fovea_RoundOp : Fovea_UnaryOperator<"round", "the nearest whole number, halves to the even one; the gradient is 0">;
def Fovea_SinOp : Fovea_UnaryOperator<"sin", "the sine">;
def Fovea_CosOp : Fovea_UnaryOperator<"cos", "the cosine">;
def Fovea_AtanOp : Fovea_UnaryOperator<"atan", "the arc tangent">;
def Fovea_ErfOp : Fovea_UnaryOperator<"erf", "the error function">;
def Fovea_ReluOp : Fovea_UnaryOperator<"relu", "max(x, 0); the gradient at 0 is 0">;
def Fovea_Relu6Op : Fovea_UnaryOperator<"relu6", "min(max(x, 0), 6); the gradient at 0 and 6 is 0">;
def Fovea_LeakyReluOp : Fovea_ArithmeticOperator<"leaky_relu"> {
  let summary = "x where x > 0, else slope * x";
  let arguments = (ins Fovea_Float:$input, DefaultValuedOptionalAttr<F64Attr, "0.01">:$slope);
  let results = (outs Fovea_Float:$output);
}
def Fovea_SigmoidOp : Fovea_UnaryOperator<"sigmoid", "1 / (1 + exp(-x))">;
def Fovea_HardSigmoidOp : Fovea_UnaryOperator<"hard_sigmoid", "min(max(x + 3, 0), 6) / 6 (MobileNetV3; Howard et al. 2019)">;
def Fovea_TanhOp : Fovea_UnaryOperator<"tanh", "the hyperbolic tangent">;
def Fovea_SwishOp : Fovea_UnaryOperator<"swish", "x * sigmoid(x) (Ramachandran et al. 2017; also SiLU)">;
def Fovea_HardSwishOp : Fovea_UnaryOperator<"hard_swish", "x * hard_sigmoid(x) (MobileNetV3; Howard et al. 2019)">;
def Fovea_GeluOp : Fovea_UnaryOperator<"gelu", "x * (1 + erf(x / sqrt(2))) / 2 (Hendrycks and Gimpel 2016), not its tanh approximation">;
