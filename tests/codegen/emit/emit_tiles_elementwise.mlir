// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// One row: whole tiles, and the remaining numbers in powers of two.
// CHECK: func.func @tiles_elementwise(%{{.*}}: tensor<400xf32>
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: arith.maximumf
func.func @main(%x: tensor<4x100xf32> {fovea.name = "x", fovea.role = "input"}, %y: tensor<4x100xf32> {fovea.name = "y", fovea.role = "input"}) -> (tensor<4x100xf32> {fovea.name = "z"}) {
  %0 = fovea.add %x, %y : (tensor<4x100xf32>, tensor<4x100xf32>) -> tensor<4x100xf32>
  %1 = fovea.relu %0 : (tensor<4x100xf32>) -> tensor<4x100xf32>
  return %1 : tensor<4x100xf32>
}
