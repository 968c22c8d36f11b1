; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-sink-broadcasts --triple=x86_64-linux-gnu | FileCheck %s --check-prefixes=CHECK,X86
; RUN: fovea-opt %s --llvm-passes=fovea-sink-broadcasts --triple=aarch64-linux-gnu | FileCheck %s --check-prefixes=CHECK,ARM

; One number of a row, a group of four bytes, is read where it is multiplied, and once for two products.
; CHECK-LABEL: @groups
; CHECK: %[[PLACE:.*]] = getelementptr inbounds i32, ptr %row, i64 3
; CHECK-NEXT: %[[NUMBER:.*]] = load i32, ptr %[[PLACE]], align 4
; CHECK: %[[SPLAT:.*]] = shufflevector <16 x i32>
; CHECK: call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %sum, <16 x i32> %[[SPLAT]], <16 x i32> %a)
; CHECK-NOT: load i32
; CHECK: call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %sum, <16 x i32> %[[SPLAT]], <16 x i32> %b)
define <16 x i32> @groups(ptr %row, <16 x i32> %a, <16 x i32> %b, <16 x i32> %sum) {
  %numbers = load <4 x i32>, ptr %row, align 4
  %third = shufflevector <4 x i32> %numbers, <4 x i32> poison, <16 x i32> <i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3>
  %first = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %sum, <16 x i32> %third, <16 x i32> %a)
  %second = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %sum, <16 x i32> %third, <16 x i32> %b)
  %r = add <16 x i32> %first, %second
  ret <16 x i32> %r
}

; Of three numbers side by side x86 multiplies by what lies in memory.
; CHECK-LABEL: @three
; X86: load float, ptr
; X86: call <8 x float> @llvm.fmuladd.v8f32(
; ARM-NOT: load float, ptr
; ARM: ret
define <8 x float> @three(ptr %pixel, <8 x float> %w, <8 x float> %sum) {
  %numbers = load <3 x float>, ptr %pixel, align 4
  %red = shufflevector <3 x float> %numbers, <3 x float> poison, <8 x i32> <i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1>
  %r = call <8 x float> @llvm.fmuladd.v8f32(<8 x float> %red, <8 x float> %w, <8 x float> %sum)
  ret <8 x float> %r
}

; Of four LLVM does so by itself; what is read in another block stays there; a shuffle that repeats no one number stays.
; CHECK-LABEL: @four
; CHECK-NOT: load float, ptr
; CHECK: ret
define <8 x float> @four(ptr %pixel, <8 x float> %w, <8 x float> %sum) {
  %numbers = load <4 x float>, ptr %pixel, align 4
  %red = shufflevector <4 x float> %numbers, <4 x float> poison, <8 x i32> <i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1, i32 1>
  %r = call <8 x float> @llvm.fmuladd.v8f32(<8 x float> %red, <8 x float> %w, <8 x float> %sum)
  ret <8 x float> %r
}
; CHECK-LABEL: @elsewhere
; CHECK-NOT: load i32, ptr
; CHECK: }
define <16 x i32> @elsewhere(ptr %row, <16 x i32> %a, <16 x i32> %sum) {
  %numbers = load <4 x i32>, ptr %row, align 4
  %third = shufflevector <4 x i32> %numbers, <4 x i32> poison, <16 x i32> <i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3, i32 3>
  br label %next
next:
  %r = call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %sum, <16 x i32> %third, <16 x i32> %a)
  ret <16 x i32> %r
}

declare <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32>, <16 x i32>, <16 x i32>)
declare <8 x float> @llvm.fmuladd.v8f32(<8 x float>, <8 x float>, <8 x float>)
