// RUN: fovea-opt %s --fovea-emit-gpu --canonicalize --cse | FileCheck %s

// Three results of 1000 terms: four lanes, one of which has no result, of 64 slices each, combined in six steps.
// CHECK: fovea.dispatch = {invocations = 256 : i64, workgroup_bytes = 1024 : i64, workgroups = array<i64: 1, 1>}
// CHECK: scf.for %{{.*}} = %{{.*}} to %c1000 step %c64
// CHECK: memref.alloc() : memref<256xf32, #spirv.storage_class<Workgroup>>
// CHECK-COUNT-6: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return
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
