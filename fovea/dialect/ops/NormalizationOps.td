// SPDX-License-Identifier: Apache-2.0
// Normalization by statistics of the batch, of an image's channels, or of groups of channels. Scale and shift are per channel.
include "fovea/dialect/ops/Dialect.td"

def Fovea_BatchNormTrainingOp : Fovea_Operator<"batch_norm_training"> {
  let summary = "normalization by the batch's own mean and variance";
  let description = [{
    `output = (input - mean) / sqrt(variance + epsilon) * scale + shift`, with the mean and the biased variance over all dimensions but the
    channels. Both are results too, so that running statistics can be computed from them. Ioffe and Szegedy, "Batch normalization", 2015.

    ```mlir
    %y, %mean, %variance = fovea.batch_norm_training %x, %scale, %shift
        : (tensor<8x4x4x16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<8x4x4x16xf32>, tensor<16xf32>, tensor<16xf32>)
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$scale, Fovea_Float:$shift,
                       DefaultValuedOptionalAttr<F64Attr, "1e-5">:$epsilon);
  let results = (outs Fovea_Float:$output, Fovea_Float:$mean, Fovea_Float:$variance);
}

def Fovea_BatchNormOp : Fovea_Operator<"batch_norm"> {
  let summary = "normalization by given mean and variance: batch norm at inference";
  let description = [{
    ```mlir
    %y = fovea.batch_norm %x, %scale, %shift, %mean, %variance {epsilon = 1.0e-3 : f64}
        : (tensor<8x4x4x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<8x4x4x16xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$scale, Fovea_Float:$shift, Fovea_Float:$mean, Fovea_Float:$variance,
                       DefaultValuedOptionalAttr<F64Attr, "1e-5">:$epsilon);
  let results = (outs Fovea_Float:$output);
}

def Fovea_LayerNormOp : Fovea_Operator<"layer_norm"> {
  let summary = "normalization along the last dimension";
  let description = [{
    Ba, Kiros and Hinton, "Layer normalization", 2016.

    ```mlir
    %y = fovea.layer_norm %x, %scale, %shift : (tensor<8x64xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<8x64xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$scale, Fovea_Float:$shift,
                       DefaultValuedOptionalAttr<F64Attr, "1e-5">:$epsilon);
  let results = (outs Fovea_Float:$output);
}

def Fovea_GroupNormOp : Fovea_Operator<"group_norm"> {
  let summary = "normalization of each image over its spatial dimensions and each group of channels";
  let description = [{
    Wu and He, "Group normalization", 2018. With as many groups as channels this is instance normalization.

    ```mlir
    %y = fovea.group_norm %x, %scale, %shift {groups = 4 : i64}
        : (tensor<8x4x4x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<8x4x4x16xf32>
    ```
  }];
  let arguments = (ins Fovea_Float:$input, Fovea_Float:$scale, Fovea_Float:$shift, I64Attr:$groups,
                       DefaultValuedOptionalAttr<F64Attr, "1e-5">:$epsilon);
  let results = (outs Fovea_Float:$output);
}
