// RUN: fovea-opt %s --fovea-carry-bf16-as-bits | FileCheck %s

// Types, constants and memory of bf16 become 16-bit integers of the same bits.
// CHECK: llvm.func @store_one(%arg0: !llvm.ptr, %arg1: i16, %arg2: f32)
// CHECK: llvm.mlir.constant(16256 : i16) : i16
// CHECK: llvm.store %{{.*}} : i16
// CHECK: llvm.store %arg1, %arg0 : i16
// CHECK: llvm.store %arg2, %arg0 : f32
llvm.func @store_one(%p: !llvm.ptr, %x: bf16, %y: f32) {
  %0 = llvm.mlir.constant(1.000000e+00 : bf16) : bf16
  llvm.store %0, %p : bf16, !llvm.ptr
  llvm.store %x, %p : bf16, !llvm.ptr
  llvm.store %y, %p : f32, !llvm.ptr
  llvm.return
}
