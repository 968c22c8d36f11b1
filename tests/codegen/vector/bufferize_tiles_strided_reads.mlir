// RUN: fovea-opt %s --fovea-bufferize-tiles | FileCheck %s

// Numbers that do not lie side by side are read one by one; a vector of neighbors stays one read.
// CHECK-LABEL: @tiles_strided
// CHECK-COUNT-4: memref.load %arg0
// CHECK-NOT: memref.load
// CHECK: vector.transfer_read %arg1
func.func @tiles_strided(%a: memref<16xf32, strided<[3]>>, %b: memref<16xf32>, %into: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %apart = vector.transfer_read %a[%c4], %zero {in_bounds = [true]} : memref<16xf32, strided<[3]>>, vector<4xf32>
  %beside = vector.transfer_read %b[%c4], %zero {in_bounds = [true]} : memref<16xf32>, vector<4xf32>
  vector.transfer_write %apart, %into[%c0] {in_bounds = [true]} : vector<4xf32>, memref<8xf32>
  vector.transfer_write %beside, %into[%c4] {in_bounds = [true]} : vector<4xf32>, memref<8xf32>
  return
}
