// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// All three taps of a row where the image has them, and one at a time at its edges.
// CHECK: func.func @tiles_contraction(
// CHECK: linalg.generic{{.*}} ins(%{{.*}} : tensor<1x32xf32>, tensor<32xf32>) outs(%{{.*}} : tensor<1x32xf32>)
// CHECK: linalg.generic{{.*}} ins(%{{.*}} : tensor<3x32xf32>, tensor<32xf32>) outs(%{{.*}} : tensor<3x32xf32>)
func.func @main(%x: tensor<2x8x8x32xf32> {fovea.name = "x", fovea.role = "input"}, %g: tensor<2x8x8x32xf32> {fovea.name = "g", fovea.role = "input"}) -> (tensor<3x3x1x32xf32> {fovea.name = "y"}) {
  %0 = fovea.conv_filter_gradient %x, %g {filter_size = array<i64: 3, 3>, groups = 32 : i64, padding = "same"} : (tensor<2x8x8x32xf32>, tensor<2x8x8x32xf32>) -> tensor<3x3x1x32xf32>
  return %0 : tensor<3x3x1x32xf32>
}
