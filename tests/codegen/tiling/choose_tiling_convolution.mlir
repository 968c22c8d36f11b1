// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// The padded image is packed as the tile of input that a block touches; taps are stepped one by one.
// CHECK: fovea.tiling = {dims = [{block = 1 : i64}, {block = 1 : i64}, {block = 8 : i64, tile = 8 : i64}, {block = 8 : i64, tile = 8 : i64}, {block = 3 : i64}, {block = 3 : i64}, {block = 4 : i64, tile = 4 : i64}], kind = "contraction", packing = ["input_tile", "none"]
// CHECK-SAME: vector_dim = 3
func.func @main(%x: tensor<1x8x8x4xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<3x3x4x8xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x8x8x8xf32> {fovea.name = "y"}) {
  %0 = fovea.conv %x, %w {padding = "same"} : (tensor<1x8x8x4xf32>, tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32>
  %1 = fovea.relu %0 : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}
