// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-fold-batch-norm,fovea-fold))' | FileCheck %s

// When everything is known, 1 / sqrt(3 + 1) and 1 / sqrt(15 + 1) scale the filter, and the bias is shift - mean * scale.
// CHECK-LABEL: func.func @constants
// CHECK-DAG: %[[W:.*]] = fovea.constant {{.*}}dense<{{\[\[}}5.000000e-01, 5.000000e-01], [1.000000e+00, -1.000000e+00]]>
// CHECK-DAG: %[[B:.*]] = fovea.constant {{.*}}dense<[-1.500000e+00, 3.000000e+00]>
// CHECK: %[[Y:.*]] = fovea.dense %arg0, %[[W]]
// CHECK: %[[Z:.*]] = fovea.add %[[Y]], %[[B]]
// CHECK-NEXT: return %[[Z]]
func.func @constants(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = fovea.constant {value = dense<[[1.0, 1.0], [2.0, -2.0]]> : tensor<2x2xf32>} : () -> tensor<2x2xf32>
  %scale = fovea.constant {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %shift = fovea.constant {value = dense<[0.5, 1.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %mean = fovea.constant {value = dense<[4.0, -4.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %variance = fovea.constant {value = dense<[3.0, 15.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %y = fovea.dense %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %z = fovea.batch_norm %y, %scale, %shift, %mean, %variance {epsilon = 1.0 : f64}
      : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}

// When the filter is an argument, two numbers for each channel remain: one multiplication and one addition for each element.
// CHECK-LABEL: func.func @arguments
// CHECK-NOT: fovea.batch_norm
// CHECK: %[[Y:.*]] = fovea.conv
// CHECK: %[[FACTOR:.*]] = fovea.mul %arg2, %{{.*}} : (tensor<7xf32>, tensor<7xf32>)
// CHECK: %[[MOVED:.*]] = fovea.mul %arg4, %[[FACTOR]]
// CHECK: %[[SHIFT:.*]] = fovea.sub %arg3, %[[MOVED]] : (tensor<7xf32>, tensor<7xf32>)
// CHECK: %[[SCALED:.*]] = fovea.mul %[[Y]], %[[FACTOR]]
// CHECK: %[[Z:.*]] = fovea.add %[[SCALED]], %[[SHIFT]]
// CHECK-NEXT: return %[[Z]]
func.func @arguments(%x: tensor<1x5x5x3xf32>, %w: tensor<3x3x3x7xf32>, %scale: tensor<7xf32>, %shift: tensor<7xf32>,
                     %mean: tensor<7xf32>, %variance: tensor<7xf32>) -> tensor<1x3x3x7xf32> {
  %y = fovea.conv %x, %w : (tensor<1x5x5x3xf32>, tensor<3x3x3x7xf32>) -> tensor<1x3x3x7xf32>
  %z = fovea.batch_norm %y, %scale, %shift, %mean, %variance
      : (tensor<1x3x3x7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>) -> tensor<1x3x3x7xf32>
  return %z : tensor<1x3x3x7xf32>
}

// When the filter is a parameter, the norm is folded into it by arithmetic that is done before the run.
// CHECK-LABEL: func.func @parameters
// CHECK: %[[FACTOR:.*]] = fovea.mul %arg2, %{{.*}} : (tensor<7xf32>, tensor<7xf32>)
// CHECK: %[[SHIFT:.*]] = fovea.sub %arg3, %{{.*}} : (tensor<7xf32>, tensor<7xf32>)
// CHECK: %[[FILTER:.*]] = fovea.mul %arg1, %[[FACTOR]] : (tensor<3x3x3x7xf32>, tensor<7xf32>)
// CHECK: %[[Y:.*]] = fovea.conv %arg0, %[[FILTER]]
// CHECK-NEXT: %[[Z:.*]] = fovea.add %[[Y]], %[[SHIFT]]
// CHECK-NEXT: return %[[Z]]
func.func @parameters(%x: tensor<1x5x5x3xf32> {fovea.role = "input"}, %w: tensor<3x3x3x7xf32> {fovea.role = "parameter"},
                      %scale: tensor<7xf32> {fovea.role = "parameter"}, %shift: tensor<7xf32> {fovea.role = "parameter"},
                      %mean: tensor<7xf32> {fovea.role = "state"}, %variance: tensor<7xf32> {fovea.role = "state"})
    -> tensor<1x3x3x7xf32> {
  %y = fovea.conv %x, %w : (tensor<1x5x5x3xf32>, tensor<3x3x3x7xf32>) -> tensor<1x3x3x7xf32>
  %z = fovea.batch_norm %y, %scale, %shift, %mean, %variance
      : (tensor<1x3x3x7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>, tensor<7xf32>) -> tensor<1x3x3x7xf32>
  return %z : tensor<1x3x3x7xf32>
}

// A bias is folded into the numbers of its channel.
// CHECK-LABEL: func.func @bias
// CHECK: %[[Y:.*]] = fovea.dense
// CHECK: %[[CENTER:.*]] = fovea.sub %arg5, %arg2 : (tensor<4xf32>, tensor<4xf32>)
// CHECK: fovea.mul %[[CENTER]]
// CHECK: fovea.mul %[[Y]]
// CHECK-NEXT: fovea.add
// CHECK-NEXT: return
func.func @bias(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>, %bias: tensor<4xf32>, %scale: tensor<4xf32>, %shift: tensor<4xf32>,
                %mean: tensor<4xf32>, %variance: tensor<4xf32>) -> tensor<2x4xf32> {
  %y = fovea.dense %x, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %b = fovea.add %bias, %y : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %z = fovea.batch_norm %b, %scale, %shift, %mean, %variance
      : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return %z : tensor<2x4xf32>
}

// When another operator reads the norm's input, the constant filter stays as it is.
// CHECK-LABEL: func.func @two_readers
// CHECK-DAG: fovea.constant {{.*}}dense<2.000000e+00> : tensor<2x2xf32>
// CHECK: %[[Y:.*]] = fovea.dense
// CHECK: fovea.mul %[[Y]]
// CHECK: return %{{.*}}, %[[Y]]
func.func @two_readers(%x: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = fovea.constant {value = dense<2.0> : tensor<2x2xf32>} : () -> tensor<2x2xf32>
  %v = fovea.constant {value = dense<[0.5, 1.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %y = fovea.dense %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %z = fovea.batch_norm %y, %v, %v, %v, %v
      : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %z, %y : tensor<3x2xf32>, tensor<3x2xf32>
}

// There is nothing to fold into.
// CHECK-LABEL: func.func @alone
// CHECK: fovea.batch_norm
func.func @alone(%x: tensor<3x2xf32>, %v: tensor<2xf32>) -> tensor<3x2xf32> {
  %z = fovea.batch_norm %x, %v, %v, %v, %v
      : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}
