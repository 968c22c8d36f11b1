// SPDX-License-Identifier: Apache-2.0
// Random numbers as a function of seed, step, stream and position: no state is kept and no order matters.
//
// The number at `position` is philox({position, step, stream, 0}, {seed, 0})[0] of fovea/core/random.h; `stream` differs between the layers of a network.
include "fovea/dialect/ops/Dialect.td"

def Fovea_Scalar : StaticShapeTensorOf<[I32]>;

def Fovea_RandomUniformOp : Fovea_GradientOperator<"random_uniform"> {
  let summary = "numbers in [0, 1), 24 bits each; the position is row-major";
  let description = [{
    ```mlir
    %u = fovea.random_uniform %seed, %step {shape = array<i64: 8, 10>, stream = 3 : i64} : (tensor<i32>, tensor<i32>) -> tensor<8x10xf32>
    ```
  }];
  let arguments = (ins Fovea_Scalar:$seed, Fovea_Scalar:$step, DenseI64ArrayAttr:$shape,
                       DefaultValuedOptionalAttr<I64Attr, "0">:$stream);
  let results = (outs Fovea_Float:$output);
}

class Fovea_NoiseOperator<string mnemonic> : Fovea_ElementwiseOperator<mnemonic> {
  let arguments = (ins Fovea_Float:$input, Fovea_Scalar:$seed, Fovea_Scalar:$step, F64Attr:$rate,
                       DefaultValuedOptionalAttr<I64Attr, "0">:$stream);
  let results = (outs Fovea_Float:$output);
}

def Fovea_DropoutOp : Fovea_NoiseOperator<"dropout"> {
  let summary = "each value zero with probability `rate`, else divided by 1 - rate";
  let description = [{
    Srivastava et al., "Dropout", JMLR 2014. A value is kept where its random number is at least `rate`.

    ```mlir
    %y = fovea.dropout %x, %seed, %step {rate = 0.5 : f64, stream = 1 : i64} : (tensor<8x10xf32>, tensor<i32>, tensor<i32>) -> tensor<8x10xf32>
    ```
  }];
}

def Fovea_DropConnectOp : Fovea_NoiseOperator<"drop_connect"> {
  let summary = "each image of the batch zero with probability `rate`, else divided by 1 - rate";
  let description = [{
    Huang et al., "Deep networks with stochastic depth", 2016, as EfficientNet uses it. The position is that of the image in the batch.

    ```mlir
    %y = fovea.drop_connect %x, %seed, %step {rate = 0.2 : f64} : (tensor<8x4x4x16xf32>, tensor<i32>, tensor<i32>) -> tensor<8x4x4x16xf32>
    ```
  }];
}
