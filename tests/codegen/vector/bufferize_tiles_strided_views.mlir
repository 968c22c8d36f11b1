// RUN: fovea-opt %s --fovea-bufferize-tiles | FileCheck %s

// A view that takes steps and drops one of its dimensions of size 1 is made in two; one that drops them all, or takes no steps, in one.
// CHECK-LABEL: @tiles_views
// CHECK: %[[STEPS:.*]] = memref.subview %arg0[0, 0, 0] [1, 1, 4] [1, 1, 2]
// CHECK: memref.subview %[[STEPS]][0, 0, 0] [1, 1, 4] [1, 1, 1]
// CHECK: memref.subview %arg0[0, 0, 0] [1, 1, 4] [1, 1, 2]
// CHECK-SAME: memref<4xf32
// CHECK: memref.subview %arg0[1, 0, 0] [1, 1, 4] [1, 1, 1]
// CHECK-SAME: memref<1x4xf32
func.func @tiles_views(%a: memref<2x3x8xf32>, %into: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = memref.subview %a[0, 0, 0] [1, 1, 4] [1, 1, 2] : memref<2x3x8xf32> to memref<1x4xf32, strided<[8, 2]>>
  %all = memref.subview %a[0, 0, 0] [1, 1, 4] [1, 1, 2] : memref<2x3x8xf32> to memref<4xf32, strided<[2]>>
  %plain = memref.subview %a[1, 0, 0] [1, 1, 4] [1, 1, 1] : memref<2x3x8xf32> to memref<1x4xf32, strided<[8, 1], offset: 24>>
  %x = memref.load %one[%c0, %c0] : memref<1x4xf32, strided<[8, 2]>>
  %y = memref.load %all[%c0] : memref<4xf32, strided<[2]>>
  %z = memref.load %plain[%c0, %c0] : memref<1x4xf32, strided<[8, 1], offset: 24>>
  %s = arith.addf %x, %y : f32
  %t = arith.addf %s, %z : f32
  memref.store %t, %into[%c0] : memref<4xf32>
  return
}
