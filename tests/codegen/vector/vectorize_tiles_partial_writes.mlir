// RUN: fovea-opt %s --fovea-vectorize-tiles | FileCheck %s

// A slice that one vector made all of is a write of that vector into the tensor.
// CHECK-LABEL: @whole
// CHECK-NOT: tensor.insert_slice
// CHECK: vector.transfer_write %arg1, %arg0[%arg2]
func.func @whole(%x: tensor<64xf32>, %v: vector<8xf32>, %i: index) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %empty = tensor.empty() : tensor<8xf32>
  %tile = vector.transfer_write %v, %empty[%c0] {in_bounds = [true]} : vector<8xf32>, tensor<8xf32>
  %y = tensor.insert_slice %tile into %x[%i] [8] [1] : tensor<8xf32> into tensor<64xf32>
  return %y : tensor<64xf32>
}

// One that holds more than the last vector stays a slice: what lies beside that vector would be lost.
// CHECK-LABEL: @part
// CHECK: tensor.insert_slice
func.func @part(%x: tensor<64xf32>, %v: vector<4xf32>, %w: vector<4xf32>, %i: index) -> tensor<64xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %empty = tensor.empty() : tensor<8xf32>
  %half = vector.transfer_write %v, %empty[%c0] {in_bounds = [true]} : vector<4xf32>, tensor<8xf32>
  %tile = vector.transfer_write %w, %half[%c4] {in_bounds = [true]} : vector<4xf32>, tensor<8xf32>
  %y = tensor.insert_slice %tile into %x[%i] [8] [1] : tensor<8xf32> into tensor<64xf32>
  return %y : tensor<64xf32>
}
