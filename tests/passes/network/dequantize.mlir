// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-dequantize))' --split-input-file | FileCheck %s

// Weights, bias and activation on real numbers; what converts between integers and numbers is left out.
// CHECK-LABEL: func.func @conv
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x3xf32> {fovea.role = "input"}, %[[W:.*]]: tensor<3x3x3x2xf32> {fovea.role = "parameter"}, %[[B:.*]]: tensor<2xf32> {fovea.role = "parameter"}) -> tensor<1x128xf32>
// CHECK: %[[SUM:.*]] = fovea.conv %[[X]], %[[W]] {padding = "same"}
// CHECK: %[[BIASED:.*]] = fovea.add %[[SUM]], %[[B]]
// CHECK: %[[Y:.*]] = fovea.relu6 %[[BIASED]]
// CHECK: %[[FLAT:.*]] = fovea.reshape %[[Y]] {shape = array<i64: 1, -1>} : (tensor<1x8x8x2xf32>) -> tensor<1x128xf32>
// CHECK-NEXT: return %[[FLAT]]
func.func @conv(%x: tensor<1x8x8x3x!quant.uniform<u8:f32, 0.5:128>> {fovea.role = "input"},
                %w: tensor<3x3x3x2x!quant.uniform<i8:f32:3, {0.5, 0.25}>> {fovea.role = "parameter"},
                %b: tensor<2xi32> {fovea.role = "parameter"}) -> tensor<1x128xf32> {
  %q = fovea.quantize %x {output = !quant.uniform<i8:f32, 0.5>} : (tensor<1x8x8x3x!quant.uniform<u8:f32, 0.5:128>>) -> tensor<1x8x8x3x!quant.uniform<i8:f32, 0.5>>
  %y = fovea.quantized_conv %q, %w, %b {padding = "same", activation = "relu6", output = !quant.uniform<i8:f32, 0.25>}
      : (tensor<1x8x8x3x!quant.uniform<i8:f32, 0.5>>, tensor<3x3x3x2x!quant.uniform<i8:f32:3, {0.5, 0.25}>>, tensor<2xi32>)
      -> tensor<1x8x8x2x!quant.uniform<i8:f32, 0.25>>
  %flat = fovea.reshape %y {shape = array<i64: 1, -1>} : (tensor<1x8x8x2x!quant.uniform<i8:f32, 0.25>>) -> tensor<1x128x!quant.uniform<i8:f32, 0.25>>
  %real = fovea.dequantize %flat : (tensor<1x128x!quant.uniform<i8:f32, 0.25>>) -> tensor<1x128xf32>
  return %real : tensor<1x128xf32>
}

// -----

// The same integers with another scale are another number: 0.25 / 0.5 * x + 0.25 * (5 - 1).
// CHECK-LABEL: func.func @reinterpret
// CHECK-NEXT: %[[FACTOR:.*]] = fovea.constant {value = dense<5.000000e-01> : tensor<f32>}
// CHECK-NEXT: %[[PRODUCT:.*]] = fovea.mul %arg0, %[[FACTOR]]
// CHECK-NEXT: %[[MOVED:.*]] = fovea.constant {value = dense<1.000000e+00> : tensor<f32>}
// CHECK-NEXT: %[[Y:.*]] = fovea.add %[[PRODUCT]], %[[MOVED]]
// CHECK-NEXT: return %[[Y]] : tensor<4xf32>
func.func @reinterpret(%x: tensor<4x!quant.uniform<i8:f32, 0.5:5>>) -> tensor<4x!quant.uniform<i8:f32, 0.25:1>> {
  %y = fovea.reinterpret %x {output = !quant.uniform<i8:f32, 0.25:1>} : (tensor<4x!quant.uniform<i8:f32, 0.5:5>>) -> tensor<4x!quant.uniform<i8:f32, 0.25:1>>
  return %y : tensor<4x!quant.uniform<i8:f32, 0.25:1>>
}

// -----

// A network of real numbers is left alone, integers that are no numbers of a scale included.
// CHECK-LABEL: func.func @real
// CHECK-NEXT: %[[Y:.*]], %{{.*}}, %{{.*}} = fovea.batch_norm_training %arg0, %arg1, %arg1 {epsilon = 1.000000e-03 : f64}
// CHECK-NEXT: %[[S:.*]] = fovea.select %arg2, %arg2, %arg2, %arg2 {comparison = "gt"} : (tensor<3xi32>, tensor<3xi32>, tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
// CHECK-NEXT: return %[[Y]], %[[S]] : tensor<4x3xf32>, tensor<3xi32>
func.func @real(%x: tensor<4x3xf32>, %c: tensor<3xf32>, %i: tensor<3xi32>) -> (tensor<4x3xf32>, tensor<3xi32>) {
  %y:3 = fovea.batch_norm_training %x, %c, %c {epsilon = 1.0e-3} : (tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> (tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>)
  %s = fovea.select %i, %i, %i, %i {comparison = "gt"} : (tensor<3xi32>, tensor<3xi32>, tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %y#0, %s : tensor<4x3xf32>, tensor<3xi32>
}
