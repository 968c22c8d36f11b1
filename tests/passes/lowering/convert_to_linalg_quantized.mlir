// RUN: fovea-opt %s -convert-fovea-to-linalg -cse | FileCheck %s
// The linalg operations work on integers, arguments and results say when they are unsigned, padding is the zero point, and the
// contribution of zero points is part of a bias that depends on parameters alone.

!x = !quant.uniform<u8:f32, 0.5:130>
!w = !quant.uniform<i8:f32:3, {0.5,0.25}>
!y = !quant.uniform<u8:f32, 0.25>

// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[X:.*]]: tensor<1x8x8x3xi8> {fovea.name = "x", fovea.role = "input", fovea.storage = "u8"}
// CHECK-SAME: %[[W:.*]]: tensor<3x3x3x2xi8> {fovea.name = "w", fovea.role = "parameter"}
// CHECK-SAME: %[[B:.*]]: tensor<2xi32> {fovea.name = "b", fovea.role = "parameter"}
// CHECK-SAME: -> (tensor<1x4x8x2xi8> {fovea.name = "y", fovea.storage = "u8"})
func.func @layer(%x: tensor<1x8x8x3x!x> {fovea.name = "x", fovea.role = "input"},
                 %w: tensor<3x3x3x2x!w> {fovea.name = "w", fovea.role = "parameter"},
                 %b: tensor<2xi32> {fovea.name = "b", fovea.role = "parameter"}) -> (tensor<1x4x8x2x!y> {fovea.name = "y"}) {
  // CHECK-DAG: %[[ZERO:.*]] = arith.constant -126 : i8
  // CHECK: tensor.pad %[[X]] low[0, 1, 1, 0] high[0, 1, 1, 0]
  // CHECK: tensor.yield %[[ZERO]] : i8
  // CHECK: %[[PRODUCTS:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<1x10x10x3xi8>, tensor<3x3x3x2xi8>)
  // CHECK: arith.extui
  // CHECK: arith.extsi
  // CHECK: arith.muli
  // CHECK: arith.addi
  // CHECK: %[[SUMS:.*]] = linalg.generic {{.*}} ins(%[[W]] : tensor<3x3x3x2xi8>)
  // CHECK: %[[BIAS:.*]] = linalg.generic {{.*}} ins(%[[B]], %[[SUMS]] : tensor<2xi32>, tensor<2xi32>)
  // CHECK: linalg.generic {{.*}} ins(%[[PRODUCTS]], %[[BIAS]], %{{.*}} : tensor<1x8x8x2xi32>, tensor<2xi32>, tensor<2xf32>)
  // CHECK: arith.sitofp
  // CHECK: math.roundeven
  // CHECK: arith.trunci {{.*}} : i32 to i8
  %0 = fovea.quantized_conv %x, %w, %b {padding = "same", activation = "relu", output = !y} : (tensor<1x8x8x3x!x>, tensor<3x3x3x2x!w>, tensor<2xi32>) -> tensor<1x8x8x2x!y>
  // CHECK-NOT: quant.scast
  // CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0] [1, 4, 8, 2]
  %1 = fovea.slice %0 {offsets = array<i64: 0, 0, 0, 0>, sizes = array<i64: 1, 4, 8, 2>} : (tensor<1x8x8x2x!y>) -> tensor<1x4x8x2x!y>
  return %1 : tensor<1x4x8x2x!y>
}
