; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-pair-into-dots --triple=wasm32 | FileCheck %s

; Two products and a sum: one dot of words that are interleaved.
; CHECK-LABEL: @pair
; CHECK: %[[LEFT:.*]] = shufflevector <4 x i16> %{{.*}}, <4 x i16> %{{.*}}, <8 x i32> <i32 0, i32 4, i32 1, i32 5, i32 2, i32 6, i32 3, i32 7>
; CHECK: %[[RIGHT:.*]] = shufflevector <4 x i16>
; CHECK: %[[DOT:.*]] = call <4 x i32> @llvm.wasm.dot(<8 x i16> %[[LEFT]], <8 x i16> %[[RIGHT]])
; CHECK: add <4 x i32> %sum, %[[DOT]]
; CHECK-NOT: mul
; CHECK: ret
define <4 x i32> @pair(<4 x i8> %a, <4 x i8> %b, <4 x i8> %c, <4 x i8> %d, <4 x i32> %sum) {
  %a32 = sext <4 x i8> %a to <4 x i32>
  %b32 = sext <4 x i8> %b to <4 x i32>
  %c32 = sext <4 x i8> %c to <4 x i32>
  %d32 = sext <4 x i8> %d to <4 x i32>
  %ab = mul <4 x i32> %a32, %b32
  %cd = mul <4 x i32> %c32, %d32
  %one = add <4 x i32> %sum, %ab
  %two = add <4 x i32> %one, %cd
  ret <4 x i32> %two
}

; Factors of 32 bits, and a product that others read, stay.
; CHECK-LABEL: @words
; CHECK-NOT: @llvm.wasm.dot
; CHECK: ret
define <4 x i32> @words(<4 x i32> %a, <4 x i32> %b, <4 x i32> %sum) {
  %ab = mul <4 x i32> %a, %b
  %r = add <4 x i32> %sum, %ab
  ret <4 x i32> %r
}
; CHECK-LABEL: @shared
; CHECK-NOT: @llvm.wasm.dot
; CHECK: ret
define <4 x i32> @shared(<4 x i8> %a, <4 x i8> %b, <4 x i32> %sum, ptr %to) {
  %a32 = sext <4 x i8> %a to <4 x i32>
  %b32 = sext <4 x i8> %b to <4 x i32>
  %ab = mul <4 x i32> %a32, %b32
  store <4 x i32> %ab, ptr %to
  %r = add <4 x i32> %sum, %ab
  ret <4 x i32> %r
}
