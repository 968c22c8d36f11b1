// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// A packed tile of input has zeros for the padding, and the convolution on it has no padding.
// CHECK: func.func @tiles_contraction(
// CHECK-NOT: tensor.pad
// CHECK: linalg.fill
// CHECK: linalg.generic{{.*}} ins(%{{.*}} : tensor<8x4xf32>, tensor<4x8xf32>) outs(%{{.*}} : tensor<8x8xf32>)
// CHECK: arith.maximumf
func.func @main(%x: tensor<1x8x8x4xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<3x3x4x8xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x8x8x8xf32> {fovea.name = "y"}) {
  %0 = fovea.conv %x, %w {padding = "same"} : (tensor<1x8x8x4xf32>, tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32>
  %1 = fovea.relu %0 : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}
