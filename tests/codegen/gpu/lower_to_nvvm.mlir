// RUN: fovea-opt %s --fovea-emit-gpu=target=sm_80 --fovea-lower-to-nvvm | FileCheck %s

// Only products promise that two workgroups fit a multiprocessor; with less registers, some other kernels would spill.
// Indices have 32 bits, functions of the math dialect are polynomials or instructions and never calls, and truth values are
// bytes.
// CHECK: gpu.module @kernel
// CHECK: llvm.func @kernel(%[[X:.*]]: !llvm.ptr<1>, %[[Y:.*]]: !llvm.ptr<1>)
// CHECK-SAME: gpu.kernel
// CHECK-SAME: nvvm.kernel
// CHECK-SAME: nvvm.maxntid = array<i32: 256, 1, 1>
// CHECK-NOT: nvvm.minctasm
// CHECK: nvvm.read.ptx.sreg.tid.x : i32
// CHECK-NOT: llvm.call @
// CHECK-NOT: math.
// CHECK-NOT: unrealized_conversion_cast
// CHECK: llvm.getelementptr %[[X]][%{{.*}}] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
// CHECK: llvm.call_intrinsic "llvm.sqrt.f32"
// CHECK: llvm.intr.fma
// CHECK: llvm.fcmp "ogt"
// CHECK: llvm.store %{{.*}}, %{{.*}} : i8, !llvm.ptr<1>
func.func @kernel(%x: tensor<8xf32>) -> tensor<8xi1> attributes {fovea.kernel} {
  %half = arith.constant 0.5 : f32
  %empty = tensor.empty() : tensor<8xi1>
  %y = linalg.generic {indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%empty : tensor<8xi1>) {
  ^bb0(%a: f32, %unused: i1):
    %r = math.sqrt %a : f32
    %e = math.erf %r : f32
    %s = arith.cmpf ogt, %e, %half : f32
    linalg.yield %s : i1
  } -> tensor<8xi1>
  return %y : tensor<8xi1>
}
