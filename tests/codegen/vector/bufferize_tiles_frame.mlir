// RUN: not fovea-opt %s --fovea-bufferize-tiles 2>&1 | FileCheck %s

// A remaining buffer is placed in the stack frame; one that would not fit there is refused.
// CHECK: error: a kernel needs 80000 bytes on the stack, more than 65536
func.func @tiles_large(%i: index, %v: f32, %into: memref<1xf32>) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<20000xf32>
  memref.store %v, %a[%i] : memref<20000xf32>
  %0 = memref.load %a[%c0] : memref<20000xf32>
  memref.store %0, %into[%c0] : memref<1xf32>
  return
}
