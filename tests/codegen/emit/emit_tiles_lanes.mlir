// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// Partial sums of 64 lanes; the 36 that are left go to the first of them, and one operation adds them up.
// CHECK: linalg.generic{{.*}} iterator_types = ["parallel"]{{.*}} outs(%{{.*}} : tensor<64xf32>)
// CHECK: tensor.extract_slice %{{.*}}[0] [32] [1] : tensor<64xf32> to tensor<32xf32>
// CHECK: tensor.extract_slice %{{.*}}[0] [4] [1] : tensor<64xf32> to tensor<4xf32>
// CHECK: linalg.generic{{.*}} iterator_types = ["reduction"]{{.*}} ins(%{{.*}} : tensor<64xf32>)
func.func @main(%x: tensor<13x100xf32> {fovea.name = "x", fovea.role = "input"}) -> (tensor<13xf32> {fovea.name = "y"}) {
  %0 = fovea.reduce_sum %x {dims = array<i64: 1>} : (tensor<13x100xf32>) -> tensor<13xf32>
  return %0 : tensor<13xf32>
}
