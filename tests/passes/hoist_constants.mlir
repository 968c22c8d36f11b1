// RUN: fovea-opt %s -convert-fovea-to-linalg -cse -fovea-hoist-constants | FileCheck %s

// The scaled filter is computed once. The bias is a parameter as it is, and so are results of views alone.
// CHECK-LABEL: func.func @scaled
// CHECK-SAME: %[[X:arg0]]: tensor<3x2xf32> {fovea.name = "x", fovea.role = "input"}
// CHECK-SAME: %[[HOISTED:arg[0-9]+]]: tensor<2x4xf32> {fovea.name = "hoisted.0", fovea.role = "hoisted"}
// CHECK-NOT: arith.mulf %{{.*}}, %{{.*}} : tensor
// CHECK: linalg.generic {{.*}} ins(%arg0, %[[HOISTED]] : tensor<3x2xf32>, tensor<2x4xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %arg3 : tensor<3x4xf32>, tensor<4xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return
// CHECK: func.func @scaled_initializer(
// CHECK-SAME: %arg0: tensor<2x4xf32> {fovea.name = "w", fovea.role = "parameter"}
// CHECK-SAME: %arg1: tensor<4xf32> {fovea.name = "factor", fovea.role = "state"}
// CHECK-SAME: -> (tensor<2x4xf32> {fovea.name = "hoisted.0"}) attributes {fovea.initializer}
// CHECK: linalg.generic {{.*}} ins(%arg0, %arg1 : tensor<2x4xf32>, tensor<4xf32>)
// CHECK: arith.mulf
// CHECK: return
module {
  func.func @scaled(%x: tensor<3x2xf32> {fovea.name = "x", fovea.role = "input"},
                    %w: tensor<2x4xf32> {fovea.name = "w", fovea.role = "parameter"},
                    %factor: tensor<4xf32> {fovea.name = "factor", fovea.role = "state"},
                    %bias: tensor<4xf32> {fovea.name = "bias", fovea.role = "parameter"}) -> tensor<3x4xf32> {
    %scaled = fovea.mul %w, %factor : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
    %y = fovea.dense %x, %scaled : (tensor<3x2xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
    %z = fovea.add %y, %bias : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
    return %z : tensor<3x4xf32>
  }
}
