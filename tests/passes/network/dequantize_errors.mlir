// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-dequantize))' -split-input-file -verify-diagnostics

func.func @by_channel(%x: tensor<4x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>) -> tensor<4x2x!quant.uniform<i8:f32, 0.25>> {
  // expected-error @below {{reinterpret: integers with scales by channel have no one real number}}
  %y = fovea.reinterpret %x {output = !quant.uniform<i8:f32, 0.25>} : (tensor<4x2x!quant.uniform<i8:f32:1, {0.5, 0.25}>>) -> tensor<4x2x!quant.uniform<i8:f32, 0.25>>
  return %y : tensor<4x2x!quant.uniform<i8:f32, 0.25>>
}

// -----

func.func @function(%x: tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4x!quant.uniform<i8:f32, 0.25>> {
  // expected-error @below {{quantized_activation: has no counterpart on real numbers}}
  %y = fovea.quantized_activation %x {function = "elu", output = !quant.uniform<i8:f32, 0.25>} : (tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4x!quant.uniform<i8:f32, 0.25>>
  return %y : tensor<4x!quant.uniform<i8:f32, 0.25>>
}
