// RUN: fovea-opt %s --fovea-vectorize-tiles --fovea-bufferize-tiles | FileCheck %s

// A value that overwrites its operand needs no copy.
// CHECK: func.func @tiles_update(%[[X:.*]]: memref<16xf32>)
// CHECK-NOT: alloc
// CHECK: vector.transfer_read %[[X]]
// CHECK: vector.transfer_write %{{.*}}, %[[X]]
func.func @tiles_update(%x: tensor<16xf32> {bufferization.writable = true}) -> tensor<16xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %v = vector.transfer_read %x[%c0], %zero {in_bounds = [true]} : tensor<16xf32>, vector<16xf32>
  %w = arith.addf %v, %v : vector<16xf32>
  %y = vector.transfer_write %w, %x[%c0] {in_bounds = [true]} : vector<16xf32>, tensor<16xf32>
  return %y : tensor<16xf32>
}
