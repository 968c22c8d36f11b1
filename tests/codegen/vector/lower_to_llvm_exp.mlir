// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" --fovea-vectorize-tiles --fovea-bufferize-tiles "--fovea-lower-vectors=triple=x86_64-linux-gnu cpu=haswell" --fovea-lower-to-llvm | FileCheck %s

// Element-wise exp contains no call.
// CHECK: llvm.func @tiles_elementwise(
// CHECK-NOT: llvm.call
// CHECK: llvm.return
func.func @main(%x: tensor<4x100xf32> {fovea.name = "x", fovea.role = "input"}, %y: tensor<4x100xf32> {fovea.name = "y", fovea.role = "input"}) -> (tensor<4x100xf32> {fovea.name = "z"}) {
  %0 = fovea.add %x, %y : (tensor<4x100xf32>, tensor<4x100xf32>) -> tensor<4x100xf32>
  %1 = fovea.exp %0 : (tensor<4x100xf32>) -> tensor<4x100xf32>
  return %1 : tensor<4x100xf32>
}
