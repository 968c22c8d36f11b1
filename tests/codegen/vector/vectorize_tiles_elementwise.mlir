// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" --fovea-vectorize-tiles | FileCheck %s

// Reads and writes of vectors access the arguments themselves, through the slices.
// CHECK: func.func @tiles_elementwise(%[[A:arg[0-9]+]]: tensor<400xf32>, %[[B:arg[0-9]+]]: tensor<400xf32>
// CHECK-NOT: tensor.extract_slice
// CHECK: vector.transfer_read %[[A]]
// CHECK: vector.transfer_read %[[B]]
// CHECK: arith.addf %{{.*}} : vector<
// CHECK: vector.transfer_write
func.func @main(%x: tensor<4x100xf32> {fovea.name = "x", fovea.role = "input"}, %y: tensor<4x100xf32> {fovea.name = "y", fovea.role = "input"}) -> (tensor<4x100xf32> {fovea.name = "z"}) {
  %0 = fovea.add %x, %y : (tensor<4x100xf32>, tensor<4x100xf32>) -> tensor<4x100xf32>
  %1 = fovea.relu %0 : (tensor<4x100xf32>) -> tensor<4x100xf32>
  return %1 : tensor<4x100xf32>
}
