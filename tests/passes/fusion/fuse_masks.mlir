// RUN: fovea-opt %s -fovea-differentiate -canonicalize -cse -convert-fovea-to-linalg -cse -fovea-fuse | FileCheck %s

// Masks after a pooling's gradient read strided slices of the pooled tensor. They are fused into kernels, and no view may come
// between a slice and the kernel that reads it, although the dense layer's gradient before them has another shape.

// CHECK-LABEL: func.func @main
// CHECK-NOT: tensor.extract_slice
// CHECK: return
// CHECK-LABEL: func.func private
// CHECK: tensor.extract_slice {{.*}} [1, 2, 2, 1]
func.func @main(%x: tensor<2x8x8x4xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x3xf32> {fovea.name = "w", fovea.role = "parameter"},
                %low: tensor<f32> {fovea.name = "low", fovea.role = "input"}, %high: tensor<f32> {fovea.name = "high", fovea.role = "input"})
    -> (tensor<f32> {fovea.name = "loss"}, tensor<2x8x8x4xf32> {fovea.name = "gradient"}) {
  %0 = fovea.relu %x : (tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  %1 = fovea.fake_quantize %0, %low, %high : (tensor<2x8x8x4xf32>, tensor<f32>, tensor<f32>) -> tensor<2x8x8x4xf32>
  %2:2 = fovea.max_pool %1 {window = array<i64: 2, 2>} : (tensor<2x8x8x4xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x4x4x4xi32>)
  %3 = fovea.reshape %2#0 {shape = array<i64: 2, 64>} : (tensor<2x4x4x4xf32>) -> tensor<2x64xf32>
  %4 = fovea.dense %3, %w : (tensor<2x64xf32>, tensor<64x3xf32>) -> tensor<2x3xf32>
  %5 = fovea.mul %4, %4 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = fovea.reduce_sum %5 {dims = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<f32>
  %7 = fovea.gradients %6, %x : (tensor<f32>, tensor<2x8x8x4xf32>) -> tensor<2x8x8x4xf32>
  return %6, %7 : tensor<f32>, tensor<2x8x8x4xf32>
}
