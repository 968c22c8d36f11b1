// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" --fovea-vectorize-tiles --fovea-bufferize-tiles "--fovea-lower-vectors=triple=x86_64-linux-gnu cpu=haswell" --fovea-lower-to-llvm | FileCheck %s

// The end of the pipeline: only LLVM's dialect is left, with pointers for operands and scratch memory.
// CHECK: llvm.func @tiles_contraction(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK-SAME: fovea.tile_program
// CHECK-NOT: memref.
// CHECK: llvm.intr.fmuladd
// CHECK-NOT: builtin.unrealized_conversion_cast
// CHECK: llvm.return
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  return %0 : tensor<37x40xf32>
}
