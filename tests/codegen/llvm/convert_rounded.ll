; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-convert-rounded --triple=x86_64-linux-gnu | FileCheck %s --check-prefixes=CHECK,X86
; RUN: fovea-opt %s --llvm-passes=fovea-convert-rounded --triple=riscv64-linux-gnu | FileCheck %s --check-prefixes=CHECK,BITS

; One instruction of x86; elsewhere the bits of a sum.
; CHECK-LABEL: @quantized
; X86-NEXT: call <8 x i32> @llvm.lrint.v8i32.v8f32(<8 x float> %x)
; BITS-NEXT: fadd <8 x float> %x, <float 0x4168000000000000
; BITS-NEXT: bitcast <8 x float>
; BITS-NEXT: sub <8 x i32> %{{.*}}, <i32 1262485504
; CHECK-NEXT: ret
define <8 x i32> @quantized(<8 x float> %x) {
  %rounded = call <8 x float> @llvm.roundeven.v8f32(<8 x float> %x)
  %r = fptosi <8 x float> %rounded to <8 x i32>
  ret <8 x i32> %r
}

; A conversion toward zero stays one, and so does one to another type.
; CHECK-LABEL: @truncated
; CHECK-NEXT: fptosi float %x to i32
define i32 @truncated(float %x) {
  %r = fptosi float %x to i32
  ret i32 %r
}
; CHECK-LABEL: @wide
; CHECK-NEXT: @llvm.roundeven.f32
; CHECK-NEXT: fptosi float %{{.*}} to i64
define i64 @wide(float %x) {
  %rounded = call float @llvm.roundeven.f32(float %x)
  %r = fptosi float %rounded to i64
  ret i64 %r
}

; What is rounded for others, too, is rounded still.
; CHECK-LABEL: @shared
; CHECK: call float @llvm.roundeven.f32(float %x)
; CHECK: ret float
define float @shared(float %x, ptr %to) {
  %rounded = call float @llvm.roundeven.f32(float %x)
  %r = fptosi float %rounded to i32
  store i32 %r, ptr %to
  ret float %rounded
}

declare <8 x float> @llvm.roundeven.v8f32(<8 x float>)
declare float @llvm.roundeven.f32(float)
