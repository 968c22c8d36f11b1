// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// A sum along what is contiguous: partial sums of each lane, which are combined at the end.
// CHECK: fovea.tiling = {dims = [{block = 13 : i64}, {block = 100 : i64, tile = 64 : i64}], kind = "reduction", packing = ["none"], tile_order = [1], vector_dim = 1 : i64}
func.func @main(%x: tensor<13x100xf32> {fovea.name = "x", fovea.role = "input"}) -> (tensor<13xf32> {fovea.name = "y"}) {
  %0 = fovea.reduce_sum %x {dims = array<i64: 1>} : (tensor<13x100xf32>) -> tensor<13xf32>
  return %0 : tensor<13xf32>
}
