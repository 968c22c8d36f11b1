; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s "--llvm-passes=fovea-expand-rounding<all>" --triple=armv7-linux-gnueabihf | FileCheck %s --check-prefixes=CHECK,ALL
; RUN: fovea-opt %s "--llvm-passes=fovea-expand-rounding<away-from-zero>" --triple=wasm32 | FileCheck %s --check-prefixes=CHECK,AWAY

; Halves away from zero: WebAssembly has no such rounding either.
; CHECK-LABEL: @away
; CHECK: fptosi <4 x float> %x to <4 x i32>
; CHECK: fcmp oge <4 x float> %{{.*}}, <float 5.000000e-01
; CHECK: fcmp olt <4 x float> %{{.*}}, <float 0x4160000000000000
; CHECK-NOT: @llvm.round.
define <4 x float> @away(<4 x float> %x) {
  %r = call <4 x float> @llvm.round.v4f32(<4 x float> %x)
  ret <4 x float> %r
}

; Down.
; CHECK-LABEL: @down
; ALL: fptosi float %x to i32
; ALL: fsub float
; ALL-NOT: @llvm.floor.
; AWAY-NEXT: call float @llvm.floor.f32(float %x)
define float @down(float %x) {
  %r = call float @llvm.floor.f32(float %x)
  ret float %r
}

; To even: by adding 2^23 and taking it away.
; CHECK-LABEL: @even
; ALL: fadd float
; ALL: fsub float
; AWAY-NEXT: call float @llvm.roundeven.f32(float %x)
define float @even(float %x) {
  %r = call float @llvm.roundeven.f32(float %x)
  ret float %r
}

; Doubles, and what is no rounding, stay.
; CHECK-LABEL: @others
; CHECK-NEXT: call double @llvm.round.f64(double %x)
; CHECK-NEXT: call float @llvm.sqrt.f32(float %y)
define double @others(double %x, float %y) {
  %r = call double @llvm.round.f64(double %x)
  %s = call float @llvm.sqrt.f32(float %y)
  %w = fpext float %s to double
  %t = fadd double %r, %w
  ret double %t
}

declare <4 x float> @llvm.round.v4f32(<4 x float>)
declare float @llvm.floor.f32(float)
declare float @llvm.roundeven.f32(float)
declare double @llvm.round.f64(double)
declare float @llvm.sqrt.f32(float)
