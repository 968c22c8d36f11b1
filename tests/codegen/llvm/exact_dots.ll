; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-exact-dots --triple=wasm32 --cpu=relaxed-simd | FileCheck %s

; Even and odd bytes as words, two dots, whatever the engine makes of a second factor above 127.
; CHECK-LABEL: @relaxed
; CHECK-NOT: @llvm.wasm.relaxed.dot
; CHECK: and <8 x i16> %{{.*}}, <i16 255
; CHECK: call <4 x i32> @llvm.wasm.dot(
; CHECK: lshr <8 x i16> %{{.*}}, <i16 8
; CHECK: call <4 x i32> @llvm.wasm.dot(
; CHECK: ret
define <4 x i32> @relaxed(<16 x i8> %a, <16 x i8> %b, <4 x i32> %sum) {
  %r = call <4 x i32> @llvm.wasm.relaxed.dot.i8x16.i7x16.add.signed(<16 x i8> %a, <16 x i8> %b, <4 x i32> %sum)
  ret <4 x i32> %r
}

; A dot of words is exact already.
; CHECK-LABEL: @exact
; CHECK-NEXT: call <4 x i32> @llvm.wasm.dot(<8 x i16> %a, <8 x i16> %b)
; CHECK-NEXT: ret
define <4 x i32> @exact(<8 x i16> %a, <8 x i16> %b) {
  %r = call <4 x i32> @llvm.wasm.dot(<8 x i16> %a, <8 x i16> %b)
  ret <4 x i32> %r
}

declare <4 x i32> @llvm.wasm.relaxed.dot.i8x16.i7x16.add.signed(<16 x i8>, <16 x i8>, <4 x i32>)
declare <4 x i32> @llvm.wasm.dot(<8 x i16>, <8 x i16>)
