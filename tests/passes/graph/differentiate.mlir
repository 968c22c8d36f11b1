// RUN: fovea-opt %s -fovea-differentiate | FileCheck %s

// A layer with a bias and an activation: the gradient of the activation reads its result, that of the bias is a sum, and that
// of the input is not computed.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: (%[[X:.*]]: tensor<8x4xf32>, %[[W:.*]]: tensor<4x3xf32>, %[[B:.*]]: tensor<3xf32>)
func.func @layer(%x: tensor<8x4xf32>, %w: tensor<4x3xf32>, %b: tensor<3xf32>) -> (tensor<4x3xf32>, tensor<3xf32>) {
  %0 = fovea.dense %x, %w : (tensor<8x4xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
  %1 = fovea.add %0, %b : (tensor<8x3xf32>, tensor<3xf32>) -> tensor<8x3xf32>
  // CHECK: %[[Y:.*]] = fovea.relu
  %2 = fovea.relu %1 : (tensor<8x3xf32>) -> tensor<8x3xf32>
  // CHECK-NOT: fovea.reduce_sum %[[Y]]
  %loss = fovea.reduce_sum %2 {dims = array<i64: 0, 1>} : (tensor<8x3xf32>) -> tensor<f32>
  // CHECK: %[[DY:.*]] = fovea.broadcast
  // CHECK: %[[D:.*]] = fovea.select %[[Y]], %{{.*}}, %[[DY]], %{{.*}} {comparison = "gt"}
  // CHECK: %[[DB:.*]] = fovea.reduce_sum %[[D]] {dims = array<i64: 0>}
  // CHECK-NOT: transpose_rhs
  // CHECK: %[[DW:.*]] = fovea.matmul %[[X]], %[[D]] {transpose_lhs = true
  // CHECK-NOT: fovea.gradients
  // CHECK: return %[[DW]], %[[DB]]
  %dw, %db = fovea.gradients %loss, %w, %b : (tensor<f32>, tensor<4x3xf32>, tensor<3xf32>) -> (tensor<4x3xf32>, tensor<3xf32>)
  return %dw, %db : tensor<4x3xf32>, tensor<3xf32>
}

// A value that is used twice gets the sum of both gradients.
// CHECK-LABEL: func.func @skip
func.func @skip(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = fovea.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = fovea.add %0, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %loss = fovea.reduce_sum %1 {dims = array<i64: 0>} : (tensor<4xf32>) -> tensor<f32>
  // CHECK: %[[DY:.*]] = fovea.broadcast
  // CHECK: %[[THROUGH:.*]] = fovea.mul %[[DY]], %0
  // CHECK: %[[SUM:.*]] = fovea.add %[[DY]], %[[THROUGH]]
  // CHECK: return %[[SUM]]
  %g = fovea.gradients %loss, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// The gradient is zero for a value on which the loss does not depend.
// CHECK-LABEL: func.func @unreachable
func.func @unreachable(%x: tensor<4xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  %loss = fovea.reduce_sum %x {dims = array<i64: 0>} : (tensor<4xf32>) -> tensor<f32>
  // CHECK: %[[ZERO:.*]] = fovea.constant {value = dense<0.000000e+00> : tensor<2xf32>}
  // CHECK: return %[[ZERO]]
  %g = fovea.gradients %loss, %y : (tensor<f32>, tensor<2xf32>) -> tensor<2xf32>
  return %g : tensor<2xf32>
}

// The derivative of a gradient: (x^3)'' = 6x, here as sums of products.
// CHECK-LABEL: func.func @twice
// CHECK-NOT: fovea.gradients
func.func @twice(%x: tensor<f32>) -> tensor<f32> {
  %0 = fovea.mul %x, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %1 = fovea.mul %0, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %g = fovea.gradients %1, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h = fovea.gradients %g, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %h : tensor<f32>
}
