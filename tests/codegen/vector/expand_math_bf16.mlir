// RUN: fovea-opt %s --fovea-expand-math | FileCheck %s

// A bf16 number is the upper half of an f32, and rounding to bf16 is not changed.
// CHECK: %[[BITS:.*]] = arith.bitcast %arg0 : vector<8xbf16> to vector<8xi16>
// CHECK: arith.extui %[[BITS]] : vector<8xi16> to vector<8xi32>
// CHECK: arith.shli
// CHECK: arith.bitcast %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: arith.truncf %arg1 : f32 to bf16
func.func @extended(%x: vector<8xbf16>, %y: f32) -> (vector<8xf32>, bf16) {
  %0 = arith.extf %x : vector<8xbf16> to vector<8xf32>
  %1 = arith.truncf %y : f32 to bf16
  return %0, %1 : vector<8xf32>, bf16
}
