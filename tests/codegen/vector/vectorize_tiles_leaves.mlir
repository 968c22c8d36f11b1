// RUN: fovea-opt %s --fovea-vectorize-tiles | FileCheck %s

// Operations other than linalg stay as they are.
// CHECK: func.func @scalar(%arg0: f32, %arg1: f32) -> f32 {
// CHECK-NEXT: arith.addf %arg0, %arg1 : f32
func.func @scalar(%x: f32, %y: f32) -> f32 {
  %0 = arith.addf %x, %y : f32
  return %0 : f32
}
