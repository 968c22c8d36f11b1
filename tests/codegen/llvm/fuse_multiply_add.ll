; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-fuse-multiply-add --triple=x86_64-linux-gnu | FileCheck %s

; One multiply-add where the processor has it, and no call of fmaf where it has not.
; CHECK-LABEL: @fused
; CHECK: call <4 x float> @llvm.fmuladd.v4f32(<4 x float> %a, <4 x float> %b, <4 x float> %c)
; CHECK-NOT: @llvm.fma.v4f32(<4 x float> %a
define <4 x float> @fused(<4 x float> %a, <4 x float> %b, <4 x float> %c) {
  %r = call <4 x float> @llvm.fma.v4f32(<4 x float> %a, <4 x float> %b, <4 x float> %c)
  ret <4 x float> %r
}

; A product and a sum of their own stay two.
; CHECK-LABEL: @apart
; CHECK-NEXT: fmul float %a, %b
; CHECK-NEXT: fadd float
define float @apart(float %a, float %b, float %c) {
  %p = fmul float %a, %b
  %r = fadd float %p, %c
  ret float %r
}

declare <4 x float> @llvm.fma.v4f32(<4 x float>, <4 x float>, <4 x float>)
