// RUN: fovea-opt %s --fovea-expand-math | FileCheck %s

// Integers, square roots, and extensions that are none of bf16 to f32 stay.
// CHECK-LABEL: @others
// CHECK-NEXT: arith.muli %arg0, %arg0 : vector<8xi32>
// CHECK-NEXT: math.rsqrt %arg1 : vector<8xf32>
// CHECK-NEXT: arith.extf %arg2 : vector<8xf16> to vector<8xf32>
// CHECK-NEXT: arith.extf %arg1 : vector<8xf32> to vector<8xf64>
// CHECK-NEXT: return
func.func @others(%i: vector<8xi32>, %x: vector<8xf32>, %h: vector<8xf16>) -> (vector<8xi32>, vector<8xf32>, vector<8xf32>, vector<8xf64>) {
  %0 = arith.muli %i, %i : vector<8xi32>
  %1 = math.rsqrt %x : vector<8xf32>
  %2 = arith.extf %h : vector<8xf16> to vector<8xf32>
  %3 = arith.extf %x : vector<8xf32> to vector<8xf64>
  return %0, %1, %2, %3 : vector<8xi32>, vector<8xf32>, vector<8xf32>, vector<8xf64>
}
