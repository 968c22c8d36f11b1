// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" --fovea-vectorize-tiles | FileCheck %s

// A tile becomes vectors; its accumulators are carried through the reduction loop as one vector and not through memory.
// CHECK: func.func @tiles_contraction(
// CHECK: scf.for {{.*}} -> (vector<5x16xf32>)
// CHECK: vector.contract {{.*}} : vector<5x8xf32>, vector<8x16xf32> into vector<5x16xf32>
// CHECK-NOT: linalg.generic
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  return %0 : tensor<37x40xf32>
}
