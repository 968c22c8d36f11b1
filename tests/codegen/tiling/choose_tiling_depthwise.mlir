// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// In a depthwise convolution vectors run along the channels, and the image is read without packing, with the halo of its
// padding peeled.
// CHECK: fovea.tiling = {
// CHECK-SAME: {block = 3 : i64, unrolled}]
// CHECK-SAME: kind = "depthwise", next_line = {dim = 1 : i64, input = 0 : i64}
// CHECK-SAME: packing = ["none", "none"]
func.func @main(%x: tensor<1x16x16x32xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<3x3x1x32xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x16x16x32xf32> {fovea.name = "y"}) {
  %0 = fovea.conv %x, %w {padding = "same", groups = 32 : i64} : (tensor<1x16x16x32xf32>, tensor<3x3x1x32xf32>) -> tensor<1x16x16x32xf32>
  return %0 : tensor<1x16x16x32xf32>
}
