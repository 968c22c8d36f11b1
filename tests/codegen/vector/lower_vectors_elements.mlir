// RUN: fovea-opt %s "--fovea-lower-vectors=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// A vector without dimensions is one number, wherever it lies.
// CHECK-LABEL: @tiles_element
// CHECK-NOT: vector.transfer
// CHECK: %[[X:.*]] = memref.load %arg0[%arg2]
// CHECK: %[[V:.*]] = vector.broadcast %[[X]] : f32 to vector<f32>
// CHECK: %[[Y:.*]] = vector.extractelement %[[V]][]
// CHECK: memref.store %[[Y]], %arg1[%arg2]
func.func @tiles_element(%a: memref<16xf32, strided<[3]>>, %b: memref<16xf32, strided<[5]>>, %i: index) {
  %zero = arith.constant 0.0 : f32
  %x = vector.transfer_read %a[%i], %zero : memref<16xf32, strided<[3]>>, vector<f32>
  vector.transfer_write %x, %b[%i] : vector<f32>, memref<16xf32, strided<[5]>>
  return
}

// What is lowered already stays as it is.
// CHECK-LABEL: @tiles_lowered
// CHECK-NEXT: %[[V:.*]] = vector.load %arg0[%arg2] : memref<16xf32>, vector<8xf32>
// CHECK-NEXT: %[[S:.*]] = vector.fma %[[V]], %[[V]], %[[V]] : vector<8xf32>
// CHECK-NEXT: vector.store %[[S]], %arg1[%arg2] : memref<16xf32>, vector<8xf32>
// CHECK-NEXT: return
func.func @tiles_lowered(%a: memref<16xf32>, %b: memref<16xf32>, %i: index) {
  %v = vector.load %a[%i] : memref<16xf32>, vector<8xf32>
  %s = vector.fma %v, %v, %v : vector<8xf32>
  vector.store %s, %b[%i] : memref<16xf32>, vector<8xf32>
  return
}
