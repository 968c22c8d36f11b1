// RUN: fovea-opt %s | fovea-opt | FileCheck %s
// The text of every operator passes through the parser and the printer unchanged.

// CHECK-LABEL: func.func @contractions
func.func @contractions(%x: tensor<2x8x8x4xf32>, %w: tensor<3x3x2x6xf32>, %m: tensor<2x5xf32>, %n: tensor<5x7xf32>) {
  // CHECK: fovea.conv %{{.*}} {dilations = array<i64: 1, 2>, groups = 2 : i64, padding = array<i64: 1, 1, 2, 2>, strides = array<i64: 2>} : (tensor<2x8x8x4xf32>, tensor<3x3x2x6xf32>) -> tensor<2x4x4x6xf32>
  %y = fovea.conv %x, %w {dilations = array<i64: 1, 2>, groups = 2 : i64, padding = array<i64: 1, 1, 2, 2>, strides = array<i64: 2>} : (tensor<2x8x8x4xf32>, tensor<3x3x2x6xf32>) -> tensor<2x4x4x6xf32>
  // CHECK: fovea.conv_transpose {{.*}} {groups = 2 : i64, output_size = array<i64: 9, 9>, strides = array<i64: 2>}
  %t = fovea.conv_transpose %y, %w {groups = 2 : i64, output_size = array<i64: 9, 9>, strides = array<i64: 2>} : (tensor<2x4x4x6xf32>, tensor<3x3x2x6xf32>) -> tensor<2x9x9x4xf32>
  // CHECK: fovea.conv_filter_gradient {{.*}} {filter_size = array<i64: 3, 3>, groups = 2 : i64, strides = array<i64: 2>}
  %g = fovea.conv_filter_gradient %t, %y {filter_size = array<i64: 3, 3>, groups = 2 : i64, strides = array<i64: 2>} : (tensor<2x9x9x4xf32>, tensor<2x4x4x6xf32>) -> tensor<3x3x2x6xf32>
  // CHECK: fovea.dense {{.*}} : (tensor<2x5xf32>, tensor<5x7xf32>) -> tensor<2x7xf32>
  %d = fovea.dense %m, %n : (tensor<2x5xf32>, tensor<5x7xf32>) -> tensor<2x7xf32>
  // CHECK: fovea.matmul {{.*}} {transpose_lhs = true}
  %p = fovea.matmul %m, %d {transpose_lhs = true} : (tensor<2x5xf32>, tensor<2x7xf32>) -> tensor<5x7xf32>
  return
}

// CHECK-LABEL: func.func @windows
func.func @windows(%x: tensor<1x6x6x3xbf16>) {
  // CHECK: fovea.max_pool {{.*}} {window = array<i64: 2, 2>} : (tensor<1x6x6x3xbf16>) -> (tensor<1x3x3x3xbf16>, tensor<1x3x3x3xi32>)
  %y, %tap = fovea.max_pool %x {window = array<i64: 2, 2>} : (tensor<1x6x6x3xbf16>) -> (tensor<1x3x3x3xbf16>, tensor<1x3x3x3xi32>)
  // CHECK: fovea.max_pool_gradient
  %d = fovea.max_pool_gradient %y, %tap {input_size = array<i64: 6, 6>, window = array<i64: 2, 2>} : (tensor<1x3x3x3xbf16>, tensor<1x3x3x3xi32>) -> tensor<1x6x6x3xbf16>
  // CHECK: fovea.avg_pool {{.*}} {count_padding = true, padding = "same", strides = array<i64: 1>, window = array<i64: 3, 3>}
  %a = fovea.avg_pool %x {count_padding = true, padding = "same", strides = array<i64: 1>, window = array<i64: 3, 3>} : (tensor<1x6x6x3xbf16>) -> tensor<1x6x6x3xbf16>
  // CHECK: fovea.sum_pool_gradient
  %s = fovea.sum_pool_gradient %a {input_size = array<i64: 12, 12>, window = array<i64: 2, 2>} : (tensor<1x6x6x3xbf16>) -> tensor<1x12x12x3xbf16>
  return
}

// CHECK-LABEL: func.func @scalars
func.func @scalars(%x: tensor<4x3xf64>, %b: tensor<3xf64>, %i: tensor<4x1xi32>) {
  // CHECK: fovea.constant {value = dense<0.000000e+00> : tensor<f64>} : () -> tensor<f64>
  %zero = fovea.constant {value = dense<0.0> : tensor<f64>} : () -> tensor<f64>
  // CHECK: fovea.add {{.*}} : (tensor<4x3xf64>, tensor<3xf64>) -> tensor<4x3xf64>
  %0 = fovea.add %x, %b : (tensor<4x3xf64>, tensor<3xf64>) -> tensor<4x3xf64>
  // CHECK: fovea.select {{.*}} {comparison = "gt"}
  %1 = fovea.select %0, %zero, %0, %zero {comparison = "gt"} : (tensor<4x3xf64>, tensor<f64>, tensor<4x3xf64>, tensor<f64>) -> tensor<4x3xf64>
  // CHECK: fovea.cast {{.*}} {dtype = f32} : (tensor<4x1xi32>) -> tensor<4x1xf32>
  %2 = fovea.cast %i {dtype = f32} : (tensor<4x1xi32>) -> tensor<4x1xf32>
  // CHECK: fovea.clamp {{.*}} {high = 6.000000e+00 : f64, low = 0.000000e+00 : f64}
  %3 = fovea.clamp %1 {high = 6.0 : f64, low = 0.0 : f64} : (tensor<4x3xf64>) -> tensor<4x3xf64>
  // CHECK: fovea.leaky_relu {{.*}} {slope = 2.000000e-01 : f64}
  %4 = fovea.leaky_relu %3 {slope = 0.2} : (tensor<4x3xf64>) -> tensor<4x3xf64>
  return
}

// CHECK-LABEL: func.func @arrangements
func.func @arrangements(%x: tensor<2x3x4xf32>) {
  // CHECK: fovea.reshape {{.*}} {shape = array<i64: 6, -1>}
  %0 = fovea.reshape %x {shape = array<i64: 6, -1>} : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  // CHECK: fovea.broadcast
  %1 = fovea.broadcast %x {shape = array<i64: 5, 2, 3, 4>} : (tensor<2x3x4xf32>) -> tensor<5x2x3x4xf32>
  // CHECK: fovea.transpose {{.*}} {permutation = array<i64: 2, 0, 1>}
  %2 = fovea.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  // CHECK: fovea.concat {{.*}} {dim = 0 : i64}
  %3 = fovea.concat %x, %x {dim = 0 : i64} : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<4x3x4xf32>
  // CHECK: fovea.slice
  %4 = fovea.slice %0 {offsets = array<i64: 1, 0>, sizes = array<i64: 2, 2>, strides = array<i64: 3, 2>} : (tensor<6x4xf32>) -> tensor<2x2xf32>
  // CHECK: fovea.slice_gradient
  %5 = fovea.slice_gradient %4 {input_shape = array<i64: 6, 4>, offsets = array<i64: 1, 0>, sizes = array<i64: 2, 2>, strides = array<i64: 3, 2>} : (tensor<2x2xf32>) -> tensor<6x4xf32>
  // CHECK: fovea.pad {{.*}} {padding = array<i64: 0, 1, 2, 0>}
  %6 = fovea.pad %4 {padding = array<i64: 0, 1, 2, 0>} : (tensor<2x2xf32>) -> tensor<3x4xf32>
  // CHECK: fovea.reduce_mean {{.*}} {dims = array<i64: 0, 2>, keep_dims = true} : (tensor<2x3x4xf32>) -> tensor<1x3x1xf32>
  %7 = fovea.reduce_mean %x {dims = array<i64: 0, 2>, keep_dims = true} : (tensor<2x3x4xf32>) -> tensor<1x3x1xf32>
  return
}

// CHECK-LABEL: func.func @training
func.func @training(%x: tensor<4x2x2x6xf32>, %c: tensor<6xf32>, %seed: tensor<i32>, %step: tensor<i32>, %labels: tensor<4xi32>,
                    %logits: tensor<4x10xf32>) {
  // CHECK: fovea.batch_norm_training {{.*}} -> (tensor<4x2x2x6xf32>, tensor<6xf32>, tensor<6xf32>)
  %0:3 = fovea.batch_norm_training %x, %c, %c {epsilon = 1.0e-3} : (tensor<4x2x2x6xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<4x2x2x6xf32>, tensor<6xf32>, tensor<6xf32>)
  // CHECK: fovea.batch_norm %
  %1 = fovea.batch_norm %x, %c, %c, %c, %c : (tensor<4x2x2x6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<4x2x2x6xf32>
  // CHECK: fovea.group_norm {{.*}} {groups = 3 : i64}
  %2 = fovea.group_norm %x, %c, %c {groups = 3 : i64} : (tensor<4x2x2x6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<4x2x2x6xf32>
  // CHECK: fovea.dropout {{.*}} {rate = 5.000000e-01 : f64, stream = 1 : i64}
  %3 = fovea.dropout %x, %seed, %step {rate = 0.5, stream = 1 : i64} : (tensor<4x2x2x6xf32>, tensor<i32>, tensor<i32>) -> tensor<4x2x2x6xf32>
  // CHECK: fovea.random_uniform
  %4 = fovea.random_uniform %seed, %step {shape = array<i64: 3>} : (tensor<i32>, tensor<i32>) -> tensor<3xf32>
  // CHECK: fovea.softmax_cross_entropy {{.*}} {label_smoothing = 1.000000e-01 : f64}
  %5 = fovea.softmax_cross_entropy %logits, %labels {label_smoothing = 0.1} : (tensor<4x10xf32>, tensor<4xi32>) -> tensor<f32>
  // CHECK: fovea.top_k_correct {{.*}} {k = 5 : i64}
  %6 = fovea.top_k_correct %logits, %labels {k = 5 : i64} : (tensor<4x10xf32>, tensor<4xi32>) -> tensor<i32>
  // CHECK: fovea.gradients {{.*}} : (tensor<f32>, tensor<4x10xf32>) -> tensor<4x10xf32>
  %7 = fovea.gradients %5, %logits : (tensor<f32>, tensor<4x10xf32>) -> tensor<4x10xf32>
  return
}
