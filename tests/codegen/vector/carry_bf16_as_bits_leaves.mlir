// RUN: fovea-opt %s --fovea-carry-bf16-as-bits | FileCheck %s

// Other types, and casts between them, stay.
// CHECK-LABEL: llvm.func @others(%arg0: !llvm.ptr, %arg1: f16, %arg2: vector<4xf32>)
// CHECK: llvm.bitcast %arg1 : f16 to i16
// CHECK: llvm.bitcast %arg2 : vector<4xf32> to vector<4xi32>
// CHECK: llvm.mlir.constant(1.000000e+00 : f16) : f16
llvm.func @others(%p: !llvm.ptr, %h: f16, %x: vector<4xf32>) {
  %0 = llvm.bitcast %h : f16 to i16
  %1 = llvm.bitcast %x : vector<4xf32> to vector<4xi32>
  %2 = llvm.mlir.constant(1.000000e+00 : f16) : f16
  llvm.store %0, %p : i16, !llvm.ptr
  llvm.store %1, %p : vector<4xi32>, !llvm.ptr
  llvm.store %2, %p : f16, !llvm.ptr
  llvm.return
}

// The cast of a bf16 number to its bits is nothing then.
// CHECK-LABEL: llvm.func @bits(%arg0: !llvm.ptr, %arg1: i16)
// CHECK-NEXT: llvm.store %arg1, %arg0 : i16
llvm.func @bits(%p: !llvm.ptr, %x: bf16) {
  %0 = llvm.bitcast %x : bf16 to i16
  llvm.store %0, %p : i16, !llvm.ptr
  llvm.return
}
