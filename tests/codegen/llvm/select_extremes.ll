; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-select-extremes --triple=wasm32 | FileCheck %s

; relu6's upper bound: a comparison and a choice, which are one instruction.
; CHECK-LABEL: @bounded
; CHECK-NEXT: %[[LESS:.*]] = fcmp olt <4 x float> <float 6.000000e+00, {{.*}}>, %x
; CHECK-NEXT: select <4 x i1> %[[LESS]]
define <4 x float> @bounded(<4 x float> %x) {
  %r = call <4 x float> @llvm.minimum.v4f32(<4 x float> %x, <4 x float> <float 6.0, float 6.0, float 6.0, float 6.0>)
  ret <4 x float> %r
}

; relu: -0 + 0 is 0.
; CHECK-LABEL: @positive
; CHECK-NEXT: %[[X:.*]] = fadd <4 x float> %x, zeroinitializer
; CHECK-NEXT: fcmp olt <4 x float> %[[X]], zeroinitializer
; CHECK-NEXT: select
define <4 x float> @positive(<4 x float> %x) {
  %r = call <4 x float> @llvm.maximum.v4f32(<4 x float> %x, <4 x float> zeroinitializer)
  ret <4 x float> %r
}

; Where neither NaNs nor the sign of zero matter, two numbers that are not known.
; CHECK-LABEL: @careless
; CHECK-NEXT: fcmp olt
define <4 x float> @careless(<4 x float> %x, <4 x float> %y) {
  %r = call nnan nsz <4 x float> @llvm.maximum.v4f32(<4 x float> %x, <4 x float> %y)
  ret <4 x float> %r
}

; Where they do, it stays; so does a single number, and a minimum with -0.
; CHECK-LABEL: @any
; CHECK-NEXT: call <4 x float> @llvm.maximum
define <4 x float> @any(<4 x float> %x, <4 x float> %y) {
  %r = call <4 x float> @llvm.maximum.v4f32(<4 x float> %x, <4 x float> %y)
  ret <4 x float> %r
}
; CHECK-LABEL: @single
; CHECK-NEXT: call float @llvm.maximum
define float @single(float %x) {
  %r = call float @llvm.maximum.f32(float %x, float 0.0)
  ret float %r
}
; CHECK-LABEL: @negative_zero
; CHECK-NEXT: call <4 x float> @llvm.minimum
define <4 x float> @negative_zero(<4 x float> %x) {
  %r = call <4 x float> @llvm.minimum.v4f32(<4 x float> %x, <4 x float> <float -0.0, float -0.0, float -0.0, float -0.0>)
  ret <4 x float> %r
}

declare <4 x float> @llvm.minimum.v4f32(<4 x float>, <4 x float>)
declare <4 x float> @llvm.maximum.v4f32(<4 x float>, <4 x float>)
declare float @llvm.maximum.f32(float, float)
