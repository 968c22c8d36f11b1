// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// The few taps of a window are unrolled.
// CHECK: fovea.tiling = {
// CHECK-SAME: {block = 2 : i64, unrolled}, {block = 2 : i64, unrolled}], kind = "reduction"
// CHECK-SAME: vector_dim = 3 : i64
func.func @main(%x: tensor<1x9x9x16xf32> {fovea.name = "x", fovea.role = "input"}) -> (tensor<1x4x4x16xf32> {fovea.name = "y"}) {
  %0, %tap = fovea.max_pool %x {window = array<i64: 2, 2>} : (tensor<1x9x9x16xf32>) -> (tensor<1x4x4x16xf32>, tensor<1x4x4x16xi32>)
  return %0 : tensor<1x4x4x16xf32>
}
