// RUN: fovea-opt %s "--fovea-lower-vectors=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// Stores of whole cache lines into a marked argument are non-temporal, and other stores are not.
// CHECK: vector.store %arg2, %arg0[%c0] {nontemporal = true}
// CHECK-NEXT: vector.store %arg2, %arg1[%c0] :
// CHECK-NEXT: vector.store %arg3, %arg0[%c0] :
func.func @tiles_stores(%a: memref<64xf32> {fovea.non_temporal}, %b: memref<64xf32>, %v: vector<16xf32>, %w: vector<4xf32>) {
  %c0 = arith.constant 0 : index
  vector.store %v, %a[%c0] : memref<64xf32>, vector<16xf32>
  vector.store %v, %b[%c0] : memref<64xf32>, vector<16xf32>
  vector.store %w, %a[%c0] : memref<64xf32>, vector<4xf32>
  return
}
