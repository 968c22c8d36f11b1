// RUN: fovea-opt %s -split-input-file -verify-diagnostics
// What integer operators do not accept, and what would be right.

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:3, {0.5,0.25}>
func.func @bias_scale(%x: tensor<1x5x5x1x!x>, %w: tensor<3x3x1x2x!w>, %b: tensor<2x!quant.uniform<i32:f32:0, {0.25,0.25}>>) {
  // expected-error @below {{quantized_conv: bias scale 0.25 of channel 1 must be input scale * weight scale, 0.125, within 1e-6 of it}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_conv %x, %w, %b {output = !x} : (tensor<1x5x5x1x!x>, tensor<3x3x1x2x!w>, tensor<2x!quant.uniform<i32:f32:0, {0.25,0.25}>>) -> tensor<1x3x3x2x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.5,0.25,0.5}>
func.func @axis(%x: tensor<1x5x5x1x!x>, %w: tensor<3x3x1x2x!w>, %b: tensor<2xi32>) {
  // expected-error @below {{quantized_conv: filter [3, 3, 1, 2] has scales by dimension 0; they belong to its last, 3}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_conv %x, %w, %b {output = !x} : (tensor<1x5x5x1x!x>, tensor<3x3x1x2x!w>, tensor<2xi32>) -> tensor<1x3x3x2x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @weight_zero(%x: tensor<1x5x!x>, %w: tensor<5x2x!x>, %b: tensor<2xi32>) {
  // expected-error @below {{quantized_dense: weight of i8 must have zero point 0 (!quant.uniform<i8:f32, 5.000000e-01:3>)}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_dense %x, %w, %b {output = !x} : (tensor<1x5x!x>, tensor<5x2x!x>, tensor<2xi32>) -> tensor<1x2x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @bias_size(%x: tensor<1x5x!x>, %w: tensor<5x2x!quant.uniform<i8:f32, 0.5>>, %b: tensor<3xi32>) {
  // expected-error @below {{quantized_dense: bias [3] must be [2], one for each result channel}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_dense %x, %w, %b {output = !x} : (tensor<1x5x!x>, tensor<5x2x!quant.uniform<i8:f32, 0.5>>, tensor<3xi32>) -> tensor<1x2x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @signedness(%x: tensor<1x5x!x>) {
  // expected-error @below {{quantized_add: output is u8 and its input i8; put a quantize between them}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_add %x, %x {output = !quant.uniform<u8:f32, 0.5>} : (tensor<1x5x!x>, tensor<1x5x!x>) -> tensor<1x5x!quant.uniform<u8:f32, 0.5>>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @activation(%x: tensor<1x5x!x>) {
  // expected-error @below {{quantized_mul: unknown activation "gelu"; it is "none", "relu", "relu6" or "relu_n1_to_1"}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_mul %x, %x {activation = "gelu", output = !x} : (tensor<1x5x!x>, tensor<1x5x!x>) -> tensor<1x5x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @softmax(%x: tensor<1x5x!x>) {
  // expected-error @below {{quantized_softmax: output has scale 1/256 and zero point -128, not !quant.uniform<i8:f32, 5.000000e-01:3>}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_softmax %x {output = !x} : (tensor<1x5x!x>) -> tensor<1x5x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @function(%x: tensor<1x5x!x>) {
  // expected-error @below {{quantized_activation: unknown function "sine"; there are relu, relu6,}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_activation %x {function = "sine", output = !x} : (tensor<1x5x!x>) -> tensor<1x5x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @far_apart(%x: tensor<1x5x!x>) {
  // expected-error @below {{quantized_add: the larger scale of its operands is 5000 of the output's; fixed-point sums take 2^-10 to 2^8}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantized_add %x, %x {output = !quant.uniform<i8:f32, 0.0001>} : (tensor<1x5x!x>, tensor<1x5x!x>) -> tensor<1x5x!quant.uniform<i8:f32, 0.0001>>
  return
}

// -----

!w = !quant.uniform<i8:f32:1, {0.5,0.25}>
func.func @moved_channels(%x: tensor<4x2x!w>) {
  // expected-error @below {{transpose: input must have one scale, not one for each channel}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.transpose %x {permutation = array<i64: 1, 0>} : (tensor<4x2x!w>) -> tensor<2x4x!w>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @resize(%x: tensor<1x4x4x3x!x>) {
  // expected-error @below {{resize: unknown method "cubic"; it is "bilinear" or "nearest"}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.resize %x {size = array<i64: 8, 8>, method = "cubic"} : (tensor<1x4x4x3x!x>) -> tensor<1x8x8x3x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 1.0e+30:3>
func.func @multiplier(%x: tensor<1x5x!x>) {
  // expected-error @below {{quantize: its scales multiply integers by 2e+30; 2^-40 to 2^31 can be computed}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantize %x {output = !quant.uniform<i8:f32, 0.5>} : (tensor<1x5x!x>) -> tensor<1x5x!quant.uniform<i8:f32, 0.5>>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @rounding(%x: tensor<1x5x!x>) {
  // expected-error @below {{quantize: unknown rounding "up"; it is "litert" or "onnx"}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.quantize %x {output = !x, rounding = "up"} : (tensor<1x5x!x>) -> tensor<1x5x!x>
  return
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
func.func @reinterpret(%x: tensor<1x5x!x>) {
  // expected-error @below {{reinterpret: !quant.uniform<i8:f32, 5.000000e-01:3> and !quant.uniform<u8:f32, 5.000000e-01> are stored differently}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.reinterpret %x {output = !quant.uniform<u8:f32, 0.5>} : (tensor<1x5x!x>) -> tensor<1x5x!quant.uniform<u8:f32, 0.5>>
  return
}
