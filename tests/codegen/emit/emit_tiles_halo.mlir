// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// When the image is read without packing, taps in the padding are left out: their loop begins where the image does.
// CHECK: func.func @tiles_contraction(
// CHECK-SAME: scratch_bytes = 0 : i64
// CHECK-NOT: tensor.pad
// CHECK: arith.maxsi
// CHECK: arith.minsi
func.func @main(%x: tensor<1x16x16x32xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<3x3x1x32xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x16x16x32xf32> {fovea.name = "y"}) {
  %0 = fovea.conv %x, %w {padding = "same", groups = 32 : i64} : (tensor<1x16x16x32xf32>, tensor<3x3x1x32xf32>) -> tensor<1x16x16x32xf32>
  return %0 : tensor<1x16x16x32xf32>
}
