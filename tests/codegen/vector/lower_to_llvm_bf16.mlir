// RUN: fovea-opt %s --fovea-lower-to-llvm | FileCheck %s --check-prefix=BITS
// RUN: fovea-opt %s "--fovea-lower-to-llvm=converts-bf16=true" | FileCheck %s --check-prefix=BF16

// Rounding to bf16 is arithmetic on bits, or the processor's instruction.
// BITS: llvm.func @rounded(%arg0: !llvm.ptr, %arg1: vector<8xf32>)
// BITS-NOT: llvm.fptrunc
// BITS: llvm.store %{{.*}} : vector<8xi16>
// BF16: llvm.fptrunc %{{.*}} : vector<8xf32> to vector<8xbf16>
// BF16: llvm.store %{{.*}} : vector<8xbf16>
func.func @rounded(%into: memref<8xbf16>, %x: vector<8xf32>) {
  %c0 = arith.constant 0 : index
  %0 = arith.truncf %x : vector<8xf32> to vector<8xbf16>
  vector.store %0, %into[%c0] : memref<8xbf16>, vector<8xbf16>
  return
}
