// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" --fovea-vectorize-tiles --fovea-bufferize-tiles \
// RUN:   "--fovea-lower-vectors=triple=x86_64-linux-gnu cpu=haswell" --fovea-lower-to-llvm | fovea-opt - --to-llvm-ir --triple=x86_64-linux-gnu --cpu=haswell > %t
// RUN: FileCheck %s --check-prefix=IR < %t
// RUN: fovea-opt %t --llvm-passes=fovea-kernel --cpu=haswell > %t.ll
// RUN: FileCheck %s --check-prefix=OPTIMIZED < %t.ll
// RUN: fovea-opt %t.ll --to-assembly --cpu=haswell | FileCheck %s --check-prefix=ASSEMBLY
// RUN: not fovea-opt %s --to-llvm-ir 2>&1 | FileCheck %s --check-prefix=NO_KERNEL
// RUN: not fovea-opt %t --to-assembly --speed=3 2>&1 | FileCheck %s --check-prefix=OPTION

// All of the lowering, in text: the entry loads the operands and calls the kernel, LLVM inlines one into the other, and what is left of the
// inner loop is multiply-adds of registers.
// IR: define internal void @tiles_contraction(ptr noalias %0, ptr noalias %1, ptr noalias %2, ptr noalias %3, i64 %4, i64 %5)
// IR: define void @kernel(ptr %0, i64 %1, i64 %2, ptr %3)
// IR: call void @tiles_contraction
// OPTIMIZED-NOT: @tiles_contraction
// OPTIMIZED: define void @kernel(
// OPTIMIZED: call <8 x float> @llvm.fmuladd.v8f32
// ASSEMBLY: kernel:
// ASSEMBLY: vfmadd231ps
// NO_KERNEL: no tile program: no function has the attribute fovea.tile_program
// OPTION: --to-assembly has no --speed=3: a file, --triple=, --cpu=
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  return %0 : tensor<37x40xf32>
}
