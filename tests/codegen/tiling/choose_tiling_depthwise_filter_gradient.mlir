// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// The taps of a row stay in registers along a row of the image, and wait in scratch between rows.
// CHECK: fovea.tiling = {dims = [{block = 3 : i64}, {block = 3 : i64, tile = 3 : i64}, {block = 32 : i64, tile = 32 : i64}, {block = 1 : i64}, {block = 1 : i64}, {block = 8 : i64}], kind = "depthwise_filter_gradient", packing = ["none", "none"], tile_order = [1, 2], vector_dim = 2 : i64}
func.func @main(%x: tensor<2x8x8x32xf32> {fovea.name = "x", fovea.role = "input"}, %g: tensor<2x8x8x32xf32> {fovea.name = "g", fovea.role = "input"}) -> (tensor<3x3x1x32xf32> {fovea.name = "y"}) {
  %0 = fovea.conv_filter_gradient %x, %g {filter_size = array<i64: 3, 3>, groups = 32 : i64, padding = "same"} : (tensor<2x8x8x32xf32>, tensor<2x8x8x32xf32>) -> tensor<3x3x1x32xf32>
  return %0 : tensor<3x3x1x32xf32>
}
