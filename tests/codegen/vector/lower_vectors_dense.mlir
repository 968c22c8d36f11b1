// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" --fovea-vectorize-tiles --fovea-bufferize-tiles "--fovea-lower-vectors=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// Outer products of rows and columns in registers: one multiply-add for each row.
// CHECK: func.func @tiles_contraction(
// CHECK-NOT: vector.contract
// CHECK-NOT: vector.outerproduct
// CHECK: vector.load
// CHECK: vector.fma %{{.*}} : vector<16xf32>
// CHECK: vector.store
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  return %0 : tensor<37x40xf32>
}
