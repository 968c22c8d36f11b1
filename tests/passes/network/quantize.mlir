// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-quantize))' --split-input-file | FileCheck %s

// A convolution with its bias and activation, and what moves its result, on integers.
// CHECK-LABEL: func.func @conv
// CHECK-NEXT: %[[Y:.*]] = fovea.quantized_conv %arg0, %arg1, %arg2 {activation = "relu6", output = !quant.uniform<i8:f32, 2.500000e-01>, padding = "same"}
// CHECK-NEXT: %[[FLAT:.*]] = fovea.reshape %[[Y]] {shape = array<i64: 1, 128>} : {{.*}} -> tensor<1x128x!quant.uniform<i8:f32, 2.500000e-01>>
// CHECK-NEXT: return %[[FLAT]]
func.func @conv(%x: tensor<1x8x8x3x!quant.uniform<i8:f32, 0.5>> {fovea.role = "input"},
                %w: tensor<3x3x3x2x!quant.uniform<i8:f32:3, {0.5, 0.25}>> {fovea.role = "parameter"},
                %b: tensor<2x!quant.uniform<i32:f32:0, {0.25, 0.125}>> {fovea.role = "parameter"}) -> tensor<1x128x!quant.uniform<i8:f32, 0.25>> {
  %xr = fovea.dequantize %x : (tensor<1x8x8x3x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x8x8x3xf32>
  %wr = fovea.dequantize %w : (tensor<3x3x3x2x!quant.uniform<i8:f32:3, {0.5, 0.25}>>) -> tensor<3x3x3x2xf32>
  %br = fovea.dequantize %b : (tensor<2x!quant.uniform<i32:f32:0, {0.25, 0.125}>>) -> tensor<2xf32>
  %s = fovea.conv %xr, %wr {padding = "same"} : (tensor<1x8x8x3xf32>, tensor<3x3x3x2xf32>) -> tensor<1x8x8x2xf32>
  %y = fovea.add %s, %br : (tensor<1x8x8x2xf32>, tensor<2xf32>) -> tensor<1x8x8x2xf32>
  %a = fovea.relu6 %y : (tensor<1x8x8x2xf32>) -> tensor<1x8x8x2xf32>
  %q = fovea.quantize %a {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<1x8x8x2xf32>) -> tensor<1x8x8x2x!quant.uniform<i8:f32, 0.25>>
  %r = fovea.dequantize %q : (tensor<1x8x8x2x!quant.uniform<i8:f32, 0.25>>) -> tensor<1x8x8x2xf32>
  %f = fovea.reshape %r {shape = array<i64: 1, 128>} : (tensor<1x8x8x2xf32>) -> tensor<1x128xf32>
  %p = fovea.quantize %f {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<1x128xf32>) -> tensor<1x128x!quant.uniform<i8:f32, 0.25>>
  return %p : tensor<1x128x!quant.uniform<i8:f32, 0.25>>
}

// -----

// Depthwise convolutions of 4-bit weights round by TensorFlow Lite's rule.
// CHECK-LABEL: func.func @four_bits
// CHECK-SAME: %arg1: tensor<3x3x1x3x!quant.uniform<i8:f32, 5.000000e-01>> {fovea.role = "parameter"}
// CHECK-NEXT: fovea.quantized_conv %arg0, %arg1, %arg2 {groups = 3 : i64, output = !quant.uniform<i8:f32, 2.500000e-01>, rounding = "double"}
func.func @four_bits(%x: tensor<1x8x8x3x!quant.uniform<i8:f32, 0.5>> {fovea.role = "input"},
                     %w: tensor<3x3x1x3x!quant.uniform<i8:f32, 0.5>> {fovea.four_bits, fovea.role = "parameter"},
                     %b: tensor<3x!quant.uniform<i32:f32, 0.25>> {fovea.role = "parameter"}) -> tensor<1x6x6x3x!quant.uniform<i8:f32, 0.25>> {
  %xr = fovea.dequantize %x : (tensor<1x8x8x3x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x8x8x3xf32>
  %wr = fovea.dequantize %w : (tensor<3x3x1x3x!quant.uniform<i8:f32, 0.5>>) -> tensor<3x3x1x3xf32>
  %br = fovea.dequantize %b : (tensor<3x!quant.uniform<i32:f32, 0.25>>) -> tensor<3xf32>
  %s = fovea.conv %xr, %wr {groups = 3 : i64} : (tensor<1x8x8x3xf32>, tensor<3x3x1x3xf32>) -> tensor<1x6x6x3xf32>
  %y = fovea.add %s, %br : (tensor<1x6x6x3xf32>, tensor<3xf32>) -> tensor<1x6x6x3xf32>
  %q = fovea.quantize %y {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<1x6x6x3xf32>) -> tensor<1x6x6x3x!quant.uniform<i8:f32, 0.25>>
  return %q : tensor<1x6x6x3x!quant.uniform<i8:f32, 0.25>>
}

// -----

// Sums take their activation in; a swish becomes a sigmoid and a product.
// CHECK-LABEL: func.func @elementwise
// CHECK-NEXT: %[[S:.*]] = fovea.quantized_add %arg0, %arg0 {activation = "relu", output = !quant.uniform<i8:f32, 1.000000e+00>}
// CHECK-NEXT: %[[G:.*]] = fovea.quantized_activation %[[S]] {function = "sigmoid", output = !quant.uniform<i8:f32, 3.906250e-03:-128>}
// CHECK-NEXT: %[[Y:.*]] = fovea.quantized_mul %[[S]], %[[G]] {output = !quant.uniform<i8:f32, 2.500000e-01>}
// CHECK-NEXT: return %[[Y]]
func.func @elementwise(%x: tensor<4x!quant.uniform<i8:f32, 0.5>> {fovea.role = "input"}) -> tensor<4x!quant.uniform<i8:f32, 0.25>> {
  %a = fovea.dequantize %x : (tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4xf32>
  %s = fovea.add %a, %a : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %r = fovea.relu %s : (tensor<4xf32>) -> tensor<4xf32>
  %q = fovea.quantize %r {fovea.layer_end, output = !quant.uniform<i8:f32, 1.0>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 1.0>>
  %b = fovea.dequantize %q : (tensor<4x!quant.uniform<i8:f32, 1.0>>) -> tensor<4xf32>
  %w = fovea.swish %b : (tensor<4xf32>) -> tensor<4xf32>
  %p = fovea.quantize %w {fovea.layer_end, output = !quant.uniform<i8:f32, 0.25>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.25>>
  return %p : tensor<4x!quant.uniform<i8:f32, 0.25>>
}

// -----

// A layer that is not marked stays on real numbers.
// CHECK-LABEL: func.func @real
// CHECK-NEXT: %[[X:.*]] = fovea.dequantize %arg0
// CHECK-NEXT: %[[Y:.*]] = fovea.tanh %[[X]]
// CHECK-NEXT: %[[Q:.*]] = fovea.quantize %[[Y]] {output = !quant.uniform<i8:f32, 7.812500e-03>}
// CHECK-NEXT: return %[[Q]]
func.func @real(%x: tensor<4x!quant.uniform<i8:f32, 0.5>> {fovea.role = "input"}) -> tensor<4x!quant.uniform<i8:f32, 0.0078125>> {
  %a = fovea.dequantize %x : (tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4xf32>
  %y = fovea.tanh %a : (tensor<4xf32>) -> tensor<4xf32>
  %q = fovea.quantize %y {output = !quant.uniform<i8:f32, 0.0078125>} : (tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.0078125>>
  return %q : tensor<4x!quant.uniform<i8:f32, 0.0078125>>
}
