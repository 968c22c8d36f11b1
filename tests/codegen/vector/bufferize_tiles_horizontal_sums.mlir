// RUN: fovea-opt %s --fovea-bufferize-tiles | FileCheck %s

// Four registers of partial sums are added up together: two become one by two shuffles and an addition.
// CHECK-LABEL: @tiles_sums
// CHECK-NOT: vector.multi_reduction
// CHECK-COUNT-2: vector.shuffle {{.*}} : vector<8xf32>, vector<8xf32>
// CHECK: arith.addf %{{.*}} : vector<8xf32>
// CHECK: vector.transfer_write
func.func @tiles_sums(%a: memref<4x8xf32>, %start: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %registers = vector.transfer_read %a[%c0, %c0], %zero {in_bounds = [true, true]} : memref<4x8xf32>, vector<4x8xf32>
  %before = vector.transfer_read %start[%c0], %zero {in_bounds = [true]} : memref<4xf32>, vector<4xf32>
  %sums = vector.multi_reduction <add>, %registers, %before [1] : vector<4x8xf32> to vector<4xf32>
  vector.transfer_write %sums, %start[%c0] {in_bounds = [true]} : vector<4xf32>, memref<4xf32>
  return
}

// Other reductions stay: of extremes, of integers, over the registers themselves.
// CHECK-LABEL: @tiles_others
// CHECK: vector.multi_reduction <maximumf>
// CHECK: vector.multi_reduction <add>, {{.*}} : vector<4x8xi32>
// CHECK: vector.multi_reduction <add>, {{.*}} [0] : vector<4x8xf32>
func.func @tiles_others(%a: memref<4x8xf32>, %b: memref<4x8xi32>, %x: memref<4xf32>, %y: memref<4xi32>, %z: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0 : i32
  %f = vector.transfer_read %a[%c0, %c0], %zero {in_bounds = [true, true]} : memref<4x8xf32>, vector<4x8xf32>
  %i = vector.transfer_read %b[%c0, %c0], %none {in_bounds = [true, true]} : memref<4x8xi32>, vector<4x8xi32>
  %fs = vector.transfer_read %x[%c0], %zero {in_bounds = [true]} : memref<4xf32>, vector<4xf32>
  %is = vector.transfer_read %y[%c0], %none {in_bounds = [true]} : memref<4xi32>, vector<4xi32>
  %gs = vector.transfer_read %z[%c0], %zero {in_bounds = [true]} : memref<8xf32>, vector<8xf32>
  %0 = vector.multi_reduction <maximumf>, %f, %fs [1] : vector<4x8xf32> to vector<4xf32>
  %1 = vector.multi_reduction <add>, %i, %is [1] : vector<4x8xi32> to vector<4xi32>
  %2 = vector.multi_reduction <add>, %f, %gs [0] : vector<4x8xf32> to vector<8xf32>
  vector.transfer_write %0, %x[%c0] {in_bounds = [true]} : vector<4xf32>, memref<4xf32>
  vector.transfer_write %1, %y[%c0] {in_bounds = [true]} : vector<4xi32>, memref<4xi32>
  vector.transfer_write %2, %z[%c0] {in_bounds = [true]} : vector<8xf32>, memref<8xf32>
  return
}
