// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// Element-wise work is one run of whole vectors.
// CHECK: fovea.tiling = {dims = [{block = 400 : i64, tile = 64 : i64}], kind = "elementwise", packing = ["none", "none"], tile_order = [0], vector_dim = 0 : i64}
func.func @main(%x: tensor<4x100xf32> {fovea.name = "x", fovea.role = "input"}, %y: tensor<4x100xf32> {fovea.name = "y", fovea.role = "input"}) -> (tensor<4x100xf32> {fovea.name = "z"}) {
  %0 = fovea.add %x, %y : (tensor<4x100xf32>, tensor<4x100xf32>) -> tensor<4x100xf32>
  %1 = fovea.relu %0 : (tensor<4x100xf32>) -> tensor<4x100xf32>
  return %1 : tensor<4x100xf32>
}
