// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-fold))' | FileCheck %s

// CHECK-LABEL: func.func @constants
// CHECK: %[[C:.*]] = fovea.constant {{.*}}dense<[5.000000e-01, 2.500000e-01]>
// CHECK: %[[Y:.*]] = fovea.mul %arg0, %[[C]]
// CHECK: return %[[Y]]
func.func @constants(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %variance = fovea.constant {value = dense<[3.0, 15.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %one = fovea.constant {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %sum = fovea.add %variance, %one : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %scale = fovea.rsqrt %sum : (tensor<2xf32>) -> tensor<2xf32>
  %y = fovea.mul %x, %scale : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// CHECK-LABEL: func.func @nothing
// CHECK-NEXT: return %arg0
func.func @nothing(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %zero = fovea.constant {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %one = fovea.constant {value = dense<1.0> : tensor<2xf32>} : () -> tensor<2xf32>
  %a = fovea.add %x, %zero : (tensor<3x2xf32>, tensor<f32>) -> tensor<3x2xf32>
  %b = fovea.mul %one, %a : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %c = fovea.reshape %b {shape = array<i64: 6>} : (tensor<3x2xf32>) -> tensor<6xf32>
  %d = fovea.reshape %c {shape = array<i64: 3, 2>} : (tensor<6xf32>) -> tensor<3x2xf32>
  return %d : tensor<3x2xf32>
}

// One operand reaches the result's size only by broadcasting, so the operator stays.
// CHECK-LABEL: func.func @broadcast
// CHECK: fovea.add
func.func @broadcast(%x: tensor<2xf32>) -> tensor<3x2xf32> {
  %zero = fovea.constant {value = dense<0.0> : tensor<3x2xf32>} : () -> tensor<3x2xf32>
  %a = fovea.add %x, %zero : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %a : tensor<3x2xf32>
}
