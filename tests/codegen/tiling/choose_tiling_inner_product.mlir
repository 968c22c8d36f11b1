// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// Three channels fill no vector: a register holds the partial sums of one result, along the channels that are summed.
// CHECK: fovea.tiling = {dims = [{block = 1 : i64}, {block = 2 : i64}, {block = 16 : i64, tile = 7 : i64}, {block = 3 : i64, tile = 3 : i64}, {block = 3 : i64}, {block = 3 : i64}, {block = 32 : i64, tile = 16 : i64}], kind = "inner_product", next_line = {dim = 1 : i64, input = 0 : i64}, packing = ["none", "none"], tile_order = [2, 3, 6], vector_dim = 6 : i64}
func.func @main(%g: tensor<1x16x16x32xf32> {fovea.name = "g", fovea.role = "input"}, %w: tensor<3x3x3x32xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x16x16x3xf32> {fovea.name = "y"}) {
  %0 = fovea.conv_transpose %g, %w {padding = "same", output_size = array<i64: 16, 16>} : (tensor<1x16x16x32xf32>, tensor<3x3x3x32xf32>) -> tensor<1x16x16x3xf32>
  return %0 : tensor<1x16x16x3xf32>
}
