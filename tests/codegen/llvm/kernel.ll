; SPDX-License-Identifier: Apache-2.0
; RUN: fovea-opt %s --llvm-passes=fovea-kernel --triple=x86_64-linux-gnu --cpu=haswell | FileCheck %s --check-prefixes=CHECK,X86
; RUN: fovea-opt %s --llvm-passes=fovea-kernel --triple=armv7-linux-gnueabihf --cpu=cortex-a7 | FileCheck %s --check-prefixes=CHECK,ARM
; RUN: fovea-opt %s --llvm-passes=fovea-kernel --triple=wasm32 | FileCheck %s --check-prefixes=CHECK,WASM
; RUN: not fovea-opt %s --llvm-passes=fovea-kernels --triple=wasm32 2>&1 | FileCheck %s --check-prefix=UNKNOWN

; The whole pipeline. LLVM brings rounding and conversion together, which memory parts here, and only then are they one. Arm cannot
; round at all: what is no conversion yet is arithmetic before LLVM sees it.
; UNKNOWN: unknown pass name 'fovea-kernels'
; CHECK-LABEL: @quantized
; X86: call <4 x i32> @llvm.lrint.v4i32.v4f32(<4 x float> %x)
; WASM: fadd <4 x float> %x
; WASM-NEXT: bitcast
; WASM-NEXT: sub <4 x i32>
; ARM: fadd
; ARM: fptosi
; CHECK-NOT: @llvm.roundeven
; CHECK: ret
define <4 x i32> @quantized(<4 x float> %x) {
  %memory = alloca <4 x float>
  %rounded = call <4 x float> @llvm.roundeven.v4f32(<4 x float> %x)
  store <4 x float> %rounded, ptr %memory
  %again = load <4 x float>, ptr %memory
  %r = fptosi <4 x float> %again to <4 x i32>
  ret <4 x i32> %r
}

; Multiply-adds fuse where they can.
; CHECK-LABEL: @sum
; CHECK: @llvm.fmuladd.v4f32
define <4 x float> @sum(<4 x float> %a, <4 x float> %b, <4 x float> %c) {
  %r = call <4 x float> @llvm.fma.v4f32(<4 x float> %a, <4 x float> %b, <4 x float> %c)
  ret <4 x float> %r
}

; What the processor has stays.
; CHECK-LABEL: @floor
; X86: call <4 x float> @llvm.floor
; WASM: call <4 x float> @llvm.floor
; ARM-NOT: @llvm.floor
; ARM: ret
define <4 x float> @floor(<4 x float> %x) {
  %r = call <4 x float> @llvm.floor.v4f32(<4 x float> %x)
  ret <4 x float> %r
}

declare <4 x float> @llvm.roundeven.v4f32(<4 x float>)
declare <4 x float> @llvm.fma.v4f32(<4 x float>, <4 x float>, <4 x float>)
declare <4 x float> @llvm.floor.v4f32(<4 x float>)
