; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-narrow-factors --triple=aarch64-linux-gnu | FileCheck %s

; What was made of bytes is made in 16 bits, and extended where it is multiplied.
; CHECK-LABEL: @bytes
; CHECK-DAG: %[[WIDE:.*]] = zext <8 x i8> %x to <8 x i16>
; CHECK-DAG: %[[SHIFTED:.*]] = sub <8 x i16> %[[WIDE]], <i16 128
; CHECK-DAG: %[[WEIGHT:.*]] = sext <8 x i8> %w to <8 x i16>
; CHECK-DAG: %[[LEFT:.*]] = sext <8 x i16> %[[SHIFTED]] to <8 x i32>
; CHECK-DAG: %[[RIGHT:.*]] = sext <8 x i16> %[[WEIGHT]] to <8 x i32>
; CHECK: mul <8 x i32> %[[LEFT]], %[[RIGHT]]
define <8 x i32> @bytes(<8 x i8> %x, <8 x i8> %w) {
  %wide = zext <8 x i8> %x to <8 x i32>
  %shifted = sub <8 x i32> %wide, <i32 128, i32 128, i32 128, i32 128, i32 128, i32 128, i32 128, i32 128>
  %weight = sext <8 x i8> %w to <8 x i32>
  %r = mul <8 x i32> %shifted, %weight
  ret <8 x i32> %r
}

; Factors that may need more than 16 bits, and single numbers, stay.
; CHECK-LABEL: @words
; CHECK-NOT: i16
; CHECK: ret
define <8 x i32> @words(<8 x i32> %x, <8 x i8> %w) {
  %weight = sext <8 x i8> %w to <8 x i32>
  %r = mul <8 x i32> %x, %weight
  ret <8 x i32> %r
}
; CHECK-LABEL: @single
; CHECK-NOT: i16
; CHECK: ret
define i32 @single(i8 %x, i8 %w) {
  %wide = sext i8 %x to i32
  %weight = sext i8 %w to i32
  %r = mul i32 %wide, %weight
  ret i32 %r
}
