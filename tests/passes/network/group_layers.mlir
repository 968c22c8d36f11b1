// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-group-layers))' --split-input-file -verify-diagnostics | FileCheck %s

// A convolution with its bias and activation, a sum with its own, and operators without use, which are in no layer.
// CHECK-LABEL: func.func @layers
// CHECK: fovea.conv {{.*}}fovea.layer = 0 : i64
// CHECK: fovea.add {{.*}}fovea.layer = 0 : i64
// CHECK: fovea.clamp {{.*}}fovea.layer = 0 : i64
// CHECK: fovea.exp
// CHECK-NOT: fovea.layer
// CHECK: fovea.add {{.*}}fovea.layer = 1 : i64
// CHECK: fovea.relu {{.*}}fovea.layer = 1 : i64
// CHECK: fovea.sigmoid {{.*}}fovea.layer = 2 : i64
func.func @layers(%x: tensor<1x5x5x3xf32> {fovea.role = "input"}, %w: tensor<1x1x3x3xf32> {fovea.role = "parameter"},
                  %b: tensor<3xf32> {fovea.role = "parameter"}) -> tensor<1x5x5x3xf32> {
  %y = fovea.conv %x, %w : (tensor<1x5x5x3xf32>, tensor<1x1x3x3xf32>) -> tensor<1x5x5x3xf32>
  %z = fovea.add %b, %y : (tensor<3xf32>, tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  %c = fovea.clamp %z {low = 0.0 : f64, high = 6.0 : f64} : (tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  %unused = fovea.exp %z : (tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  %s = fovea.add %c, %x : (tensor<1x5x5x3xf32>, tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  %r = fovea.relu %s : (tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  %t = fovea.sigmoid %r : (tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  return %t : tensor<1x5x5x3xf32>
}

// -----

// What another operator or a result reads ends a layer, a filter that is computed has no bias of its own, and a clamp to other
// numbers is no activation.
// CHECK-LABEL: func.func @apart
// CHECK: fovea.conv {{.*}}fovea.layer = 0 : i64
// CHECK: fovea.add {{.*}}fovea.layer = 1 : i64
// CHECK: fovea.relu {{.*}}fovea.layer = 2 : i64
// CHECK: fovea.mul {{.*}}fovea.layer = 3 : i64
// CHECK: fovea.clamp {{.*}}fovea.layer = 4 : i64
func.func @apart(%x: tensor<1x5x5x3xf32> {fovea.role = "input"}, %w: tensor<1x1x3x3xf32> {fovea.role = "input"},
                 %b: tensor<3xf32> {fovea.role = "parameter"}) -> (tensor<1x5x5x3xf32>, tensor<1x5x5x3xf32>) {
  %y = fovea.conv %x, %w : (tensor<1x5x5x3xf32>, tensor<1x1x3x3xf32>) -> tensor<1x5x5x3xf32>
  %z = fovea.add %y, %b : (tensor<1x5x5x3xf32>, tensor<3xf32>) -> tensor<1x5x5x3xf32>
  %r = fovea.relu %z : (tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  %p = fovea.mul %r, %r : (tensor<1x5x5x3xf32>, tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  %c = fovea.clamp %p {low = 0.0 : f64, high = 5.0 : f64} : (tensor<1x5x5x3xf32>) -> tensor<1x5x5x3xf32>
  return %z, %c : tensor<1x5x5x3xf32>, tensor<1x5x5x3xf32>
}

// -----

func.func @positions(%x: tensor<1x4x4x3xf32> {fovea.role = "input"}) -> tensor<1x2x2x3xi32> {
  // expected-error @below {{max_pool: its second result is read}}
  %y, %tap = fovea.max_pool %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x4x4x3xf32>) -> (tensor<1x2x2x3xf32>, tensor<1x2x2x3xi32>)
  return %tap : tensor<1x2x2x3xi32>
}
