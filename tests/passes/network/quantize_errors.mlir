// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-quantize))' -split-input-file -verify-diagnostics

func.func @no_operator(%x: tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4x!quant.uniform<i8:f32, 0.25>> {
  %a = fovea.dequantize %x : (tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4xf32>
  %y = fovea.exp %a : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @below {{quantize: the layer before it has no counterpart on integers of this type}}
  %q = fovea.quantize %y {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.25>>
  return %q : tensor<4x!quant.uniform<i8:f32, 0.25>>
}

// -----

// One operand is computed in real numbers.
func.func @real_operand(%x: tensor<4x!quant.uniform<i8:f32, 0.5>>, %y: tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.25>> {
  %a = fovea.dequantize %x : (tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4xf32>
  %s = fovea.add %a, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // expected-error @below {{quantize: the layer before it has no counterpart on integers of this type}}
  %q = fovea.quantize %s {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.25>>
  return %q : tensor<4x!quant.uniform<i8:f32, 0.25>>
}

// -----

// What moves numbers does not change their type.
func.func @moved(%x: tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<2x2x!quant.uniform<i8:f32, 0.25>> {
  %a = fovea.dequantize %x : (tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4xf32>
  %m = fovea.reshape %a {shape = array<i64: 2, 2>} : (tensor<4xf32>) -> tensor<2x2xf32>
  // expected-error @below {{quantize: the layer before it has no counterpart on integers of this type}}
  %q = fovea.quantize %m {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<2x2xf32>) -> tensor<2x2x!quant.uniform<i8:f32, 0.25>>
  return %q : tensor<2x2x!quant.uniform<i8:f32, 0.25>>
}

// -----

// The shape rule of the operator on integers refuses their scales.
func.func @scales(%x: tensor<4x!quant.uniform<i8:f32, 1.0e+6>>) -> tensor<4x!quant.uniform<i8:f32, 0.25>> {
  %a = fovea.dequantize %x : (tensor<4x!quant.uniform<i8:f32, 1.0e+6>>) -> tensor<4xf32>
  // expected-error @below {{quantized_add: the larger scale of its operands}}
  %m = fovea.add %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // expected-error @below {{quantize: the layer before it has no counterpart on integers of this type}}
  %q = fovea.quantize %m {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.25>>
  return %q : tensor<4x!quant.uniform<i8:f32, 0.25>>
}
