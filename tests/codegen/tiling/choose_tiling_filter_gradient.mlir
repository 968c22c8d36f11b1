// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// A long reduction goes block by block, image by image, and its sums wait in scratch.
// CHECK: fovea.tiling = {dims = [{block = 3 : i64}, {block = 3 : i64}, {block = 8 : i64, tile = 8 : i64}, {block = 64 : i64, tile = 32 : i64}, {block = 1 : i64}, {block = 16 : i64}, {block = 16 : i64, tile = 8 : i64}], kind = "contraction", packing = ["input_tile", "panel"], panel_input = 1 : i64, reduction_blocks, tile_order = [2, 3, 6], vector_dim = 3 : i64}
func.func @main(%x: tensor<8x16x16x32xf32> {fovea.name = "x", fovea.role = "input"}, %g: tensor<8x16x16x64xf32> {fovea.name = "g", fovea.role = "input"}) -> (tensor<3x3x32x64xf32> {fovea.name = "y"}) {
  %0 = fovea.conv_filter_gradient %x, %g {filter_size = array<i64: 3, 3>, padding = "same"} : (tensor<8x16x16x32xf32>, tensor<8x16x16x64xf32>) -> tensor<3x3x32x64xf32>
  return %0 : tensor<3x3x32x64xf32>
}
