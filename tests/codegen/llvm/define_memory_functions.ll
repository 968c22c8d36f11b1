; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-define-memory-functions --triple=armv7-linux-gnueabihf | FileCheck %s
; RUN: sed 's/i64 16, i1 false), !onto !0/i64 4096, i1 false)/' %s | not fovea-opt - --llvm-passes=fovea-define-memory-functions \
; RUN:   --triple=armv7-linux-gnueabihf 2>&1 | FileCheck %s --check-prefix=MOVE

; What LLVM would turn into calls of the C library are calls of functions of the module's own.
; CHECK-LABEL: @large
; CHECK-NEXT: call void @fill(ptr %x, i8 0, i32 4096)
; CHECK-NEXT: call void @copy(ptr %x, ptr %y, i32 %{{.*}})
define void @large(ptr %x, ptr %y, i32 %bytes) {
  call void @llvm.memset.p0.i32(ptr %x, i8 0, i32 4096, i1 false)
  call void @llvm.memcpy.p0.p0.i32(ptr %x, ptr %y, i32 %bytes, i1 false)
  ret void
}

; A few bytes of known size stay: LLVM writes them out.
; CHECK-LABEL: @small
; CHECK-NEXT: call void @llvm.memset.p0.i32(ptr %x, i8 0, i32 16, i1 false)
; CHECK-NEXT: call void @llvm.memmove.p0.p0.i64(ptr %x, ptr %y, i64 16, i1 false)
; MOVE: a kernel calls memmove, but slices of one tensor never overlap
define void @small(ptr %x, ptr %y) {
  call void @llvm.memset.p0.i32(ptr %x, i8 0, i32 16, i1 false)
  call void @llvm.memmove.p0.p0.i64(ptr %x, ptr %y, i64 16, i1 false), !onto !0
  ret void
}

; CHECK: define internal void @fill(ptr %0, i8 %1, i32 %2)
; CHECK: store <16 x i8>
; CHECK: store i8
; CHECK: define internal void @copy(ptr %0, ptr %1, i32 %2)

declare void @llvm.memset.p0.i32(ptr, i8, i32, i1)
declare void @llvm.memcpy.p0.p0.i32(ptr, ptr, i32, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
!0 = !{}
