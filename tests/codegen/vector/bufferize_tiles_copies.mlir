// RUN: fovea-opt %s --fovea-bufferize-tiles | FileCheck %s

// A copy of known size is a load and a store of vectors, one number a load and a store of it; a copy of unknown size stays.
// CHECK-LABEL: @tiles_copies
// CHECK-NOT: memref.copy %arg0
// CHECK: vector.transfer_read %arg0
// CHECK: vector.transfer_write %{{.*}}, %arg1
// CHECK: memref.load %arg2[]
// CHECK: memref.store %{{.*}}, %arg3[]
// CHECK: memref.copy %arg4, %arg5
func.func @tiles_copies(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<f32>, %d: memref<f32>, %e: memref<?xf32>, %f: memref<?xf32>) {
  memref.copy %a, %b : memref<64xf32> to memref<64xf32>
  memref.copy %c, %d : memref<f32> to memref<f32>
  memref.copy %e, %f : memref<?xf32> to memref<?xf32>
  return
}
