// RUN: fovea-opt %s --fovea-emit-gpu --canonicalize --cse | FileCheck %s

// 70 x 100 results are four tiles of 64 x 64, which are not whole. The operands of 16 steps are in workgroup memory, an
// invocation holds 16 results, and steps beyond the end are zero.
// CHECK: fovea.dispatch = {invocations = 256 : i64, workgroup_bytes = 8192 : i64, workgroups = array<i64: 4, 1>}
// CHECK: memref.alloc() : memref<1024xf32, #spirv.storage_class<Workgroup>>
// CHECK: memref.alloc() : memref<1024xf32, #spirv.storage_class<Workgroup>>
// CHECK: scf.for %{{.*}} = %c0 to %c33 step %c16 iter_args({{.*}}) -> (f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32)
// CHECK: arith.cmpi ult, %{{.*}}, %c70
// CHECK: arith.cmpi ult, %{{.*}}, %c33
// CHECK: arith.select
// CHECK: gpu.barrier
// CHECK: scf.for %{{.*}} = %c0 to %c16 step %c1
// CHECK-COUNT-16: arith.mulf
// CHECK: gpu.barrier
func.func private @dense(%x: tensor<70x33xf32>, %w: tensor<33x100xf32>) -> tensor<70x100xf32> attributes {fovea.kernel} {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<70x100xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<70x100xf32>) -> tensor<70x100xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<70x33xf32>, tensor<33x100xf32>) outs(%start : tensor<70x100xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<70x100xf32>
  return %y : tensor<70x100xf32>
}
