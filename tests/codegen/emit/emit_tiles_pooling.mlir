// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// A window is computed tap by tap on vectors of channels.
// CHECK: func.func @tiles_window(
// CHECK-NOT: linalg.pooling
// CHECK: arith.maximumf
func.func @main(%x: tensor<1x9x9x16xf32> {fovea.name = "x", fovea.role = "input"}) -> (tensor<1x4x4x16xf32> {fovea.name = "y"}) {
  %0, %tap = fovea.max_pool %x {window = array<i64: 2, 2>} : (tensor<1x9x9x16xf32>) -> (tensor<1x4x4x16xf32>, tensor<1x4x4x16xi32>)
  return %0 : tensor<1x4x4x16xf32>
}
