// RUN: fovea-opt %s --fovea-emit-gpu=target=gfx90a --fovea-lower-to-rocdl | FileCheck %s

// For AMD's chips a barrier is one instruction behind a wait, and workgroup memory is a variable of address space 3.
// CHECK: gpu.module @sum
// CHECK: llvm.mlir.global internal @{{.*}}() {addr_space = 3 : i32} : !llvm.array<256 x f32>
// CHECK: llvm.func @sum(%{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>)
// CHECK-SAME: rocdl.flat_work_group_size = "256,256"
// CHECK-SAME: rocdl.kernel
// CHECK: rocdl.workitem.id.x
// CHECK: rocdl.barrier
// CHECK-NOT: unrealized_conversion_cast
// CHECK: llvm.return
func.func private @sum(%x: tensor<3x1000xf32>) -> tensor<3xf32> attributes {fovea.kernel} {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<3xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<3xf32>) -> tensor<3xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<3x1000xf32>) outs(%start : tensor<3xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %s = arith.addf %sum, %a : f32
    linalg.yield %s : f32
  } -> tensor<3xf32>
  return %y : tensor<3xf32>
}
