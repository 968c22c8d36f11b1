// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-fold-batch-norm{by-value=true}))' --split-input-file --mlir-print-debuginfo | FileCheck %s
// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-fold-batch-norm{by-value=true norms-as-convolutions=true}))' --split-input-file --mlir-print-debuginfo | FileCheck %s --check-prefix=CONV

// A bias, a norm and a product by channel end in the filter and one bias, which have the names of those before.
// CHECK-LABEL: func.func @chain
// CHECK-NOT: fovea.batch_norm
// CHECK: %[[FILTER:.*]] = fovea.mul %{{.*}}, %{{.*}} : (tensor<3x3x3x7xf32>, tensor<7xf32>) -> tensor<3x3x3x7xf32> loc([[W:#.*]])
// CHECK: %[[SCALED:.*]] = fovea.mul %[[FILTER]], %{{.*}} : (tensor<3x3x3x7xf32>, tensor<f32>) -> tensor<3x3x3x7xf32> loc([[W]])
// CHECK: %[[Y:.*]] = fovea.conv %arg0, %[[SCALED]]
// CHECK-NEXT: %[[Z:.*]] = fovea.add %[[Y]], %[[B:.*]] : (tensor<1x3x3x7xf32>, tensor<7xf32>)
// CHECK-NEXT: return %[[Z]]
// CHECK-DAG: [[W]] = loc("c.weight")
// CHECK-DAG: loc("c.bias")
func.func @chain(%x: tensor<1x5x5x3xf32> {fovea.role = "input"},
                 %w: tensor<3x3x3x7xf32> {fovea.role = "parameter", fovea.name = "c.weight"},
                 %b: tensor<7xf32> {fovea.role = "parameter", fovea.name = "c.bias"},
                 %v: tensor<7xf32> {fovea.role = "state", fovea.name = "n.var"}) -> tensor<1x3x3x7xf32> {
  %half = fovea.constant {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %y = fovea.conv %x, %w : (tensor<1x5x5x3xf32>, tensor<3x3x3x7xf32>) -> tensor<1x3x3x7xf32>
  %s = fovea.add %y, %b : (tensor<1x3x3x7xf32>, tensor<7xf32>) -> tensor<1x3x3x7xf32>
  %n = fovea.batch_norm %s, %v, %v, %v, %v : (tensor<1x3x3x7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>) -> tensor<1x3x3x7xf32>
  %z = fovea.mul %half, %n : (tensor<f32>, tensor<1x3x3x7xf32>) -> tensor<1x3x3x7xf32>
  return %z : tensor<1x3x3x7xf32>
}

// -----

// A norm that follows no convolution, because another operator reads the same values.
// CHECK-LABEL: func.func @alone
// CHECK: fovea.constant {value = dense<1.000000e-03> : tensor<f64>}
// CHECK: %[[W:.*]] = fovea.mul %arg1, %{{.*}} : (tensor<7xf32>, tensor<7xf32>) -> tensor<7xf32> loc([[WN:#.*]])
// CHECK: %[[B:.*]] = fovea.sub %arg1, %{{.*}} loc([[BN:#.*]])
// CHECK: %[[Y:.*]] = fovea.mul %arg0, %[[W]]
// CHECK-NEXT: %[[Z:.*]] = fovea.add %[[Y]], %[[B]]
// CHECK-DAG: [[WN]] = loc("n.weight")
// CHECK-DAG: [[BN]] = loc("n.bias")
// CONV-LABEL: func.func @alone
// CONV: %[[W:.*]] = fovea.reshape %{{.*}} -> tensor<1x1x1x7xf32> loc([[WN:#.*]])
// CONV: %[[Y:.*]] = fovea.conv %arg0, %[[W]] {groups = 7 : i64}
// CONV-NEXT: fovea.add %[[Y]]
// CONV: [[WN]] = loc("n.weight")
func.func @alone(%x: tensor<1x3x3x7xf32> {fovea.role = "input"}, %v: tensor<7xf32> {fovea.role = "state"}) -> tensor<1x3x3x7xf32> {
  %n = fovea.batch_norm %x, %v, %v, %v, %v {epsilon = 1.0e-3 : f64} : (tensor<1x3x3x7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>) -> tensor<1x3x3x7xf32> loc("n")
  return %n : tensor<1x3x3x7xf32>
}

// -----

// A sum with its bias stays as it is, and so do a product with values that are not known and one that makes the result larger.
// CHECK-LABEL: func.func @kept
// CHECK-NEXT: %[[Y:.*]] = fovea.dense %arg0, %arg1
// CHECK-NEXT: %[[Z:.*]] = fovea.add %[[Y]], %arg2
// CHECK-NEXT: %[[P:.*]] = fovea.mul %[[Z]], %arg3
// CHECK-NEXT: %[[S:.*]] = fovea.dense %[[P]], %arg4
// CHECK-NEXT: %[[L:.*]] = fovea.mul %[[S]], %arg5
// CHECK-NEXT: return %[[L]]
func.func @kept(%x: tensor<3x2xf32> {fovea.role = "input"}, %w: tensor<2x4xf32> {fovea.role = "parameter"},
                %b: tensor<4xf32> {fovea.role = "parameter"}, %k: tensor<4xf32> {fovea.role = "input"},
                %u: tensor<4x1xf32> {fovea.role = "parameter"}, %c: tensor<5xf32> {fovea.role = "parameter"}) -> tensor<3x5xf32> {
  %y = fovea.dense %x, %w : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %z = fovea.add %y, %b : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %p = fovea.mul %z, %k : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %s = fovea.dense %p, %u : (tensor<3x4xf32>, tensor<4x1xf32>) -> tensor<3x1xf32>
  %l = fovea.mul %s, %c : (tensor<3x1xf32>, tensor<5xf32>) -> tensor<3x5xf32>
  return %l : tensor<3x5xf32>
}
