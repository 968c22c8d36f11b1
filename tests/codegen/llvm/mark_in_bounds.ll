; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-mark-in-bounds --triple=wasm32 | FileCheck %s

; What lies behind a place that is read lies in the same tensor.
; CHECK-LABEL: @behind
; CHECK: getelementptr inbounds i8, ptr %x, i32 16
define <4 x float> @behind(ptr %x) {
  %next = getelementptr i8, ptr %x, i32 16
  %a = load <4 x float>, ptr %x
  %b = load <4 x float>, ptr %next
  %r = fadd <4 x float> %a, %b
  ret <4 x float> %r
}

; What lies before it may not, nor what lies at a distance that is not known, nor behind a place that nobody reads.
; CHECK-LABEL: @before
; CHECK: getelementptr i8, ptr %x, i32 -16
define <4 x float> @before(ptr %x) {
  %next = getelementptr i8, ptr %x, i32 -16
  %a = load <4 x float>, ptr %x
  %b = load <4 x float>, ptr %next
  %r = fadd <4 x float> %a, %b
  ret <4 x float> %r
}
; CHECK-LABEL: @unknown
; CHECK: getelementptr i8, ptr %x, i32 %i
define <4 x float> @unknown(ptr %x, i32 %i) {
  %next = getelementptr i8, ptr %x, i32 %i
  %a = load <4 x float>, ptr %x
  %b = load <4 x float>, ptr %next
  %r = fadd <4 x float> %a, %b
  ret <4 x float> %r
}
; CHECK-LABEL: @unread
; CHECK: getelementptr i8, ptr %x, i32 16
define <4 x float> @unread(ptr %x) {
  %next = getelementptr i8, ptr %x, i32 16
  %b = load <4 x float>, ptr %next
  ret <4 x float> %b
}
