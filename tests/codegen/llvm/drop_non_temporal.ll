; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-drop-non-temporal --triple=x86_64-linux-gnu | FileCheck %s

; Marked stores become ordinary ones, and nothing else changes: not their alignment, nor what a load is marked with.
; CHECK-LABEL: @stores
; CHECK-NEXT: store <16 x float> %v, ptr %a, align 4{{$}}
; CHECK-NEXT: store <16 x float> %v, ptr %b, align 64{{$}}
; CHECK-NEXT: load <16 x float>, ptr %c, align 64, !nontemporal
define <16 x float> @stores(ptr %a, ptr %b, ptr %c, <16 x float> %v) {
  store <16 x float> %v, ptr %a, align 4, !nontemporal !0
  store <16 x float> %v, ptr %b, align 64
  %r = load <16 x float>, ptr %c, align 64, !nontemporal !0
  ret <16 x float> %r
}

!0 = !{i32 1}
