// RUN: fovea-opt %s --fovea-emit-gpu=target=sm_80 --canonicalize --cse | FileCheck %s

// For NVIDIA's chips an operand is a pointer to so many elements, and there is no table. Workgroup memory belongs to the
// function. Registers have to leave room for two workgroups of 256 invocations on a multiprocessor.
// CHECK: gpu.func @dense(%{{.*}}: memref<2310xf32, #gpu.address_space<global>>, %{{.*}}: memref<3300xf32, #gpu.address_space<global>>, %{{.*}}: memref<7000xf32, #gpu.address_space<global>>)
// CHECK-SAME: workgroup(%[[LEFT:.*]] : memref<1024xf32, #gpu.address_space<workgroup>>, %[[RIGHT:.*]] : memref<1024xf32, #gpu.address_space<workgroup>>)
// CHECK-SAME: fovea.dispatch = {invocations = 256 : i64, workgroup_bytes = 8192 : i64, workgroups = array<i64: 4, 1>}
// CHECK-SAME: nvvm.maxntid = array<i32: 256, 1, 1>, nvvm.minctasm = 2 : i32
// CHECK: memref.store %{{.*}}, %[[LEFT]]
// CHECK: memref.store %{{.*}}, %[[RIGHT]]
// CHECK: gpu.barrier
// CHECK-COUNT-16: arith.mulf
// CHECK: gpu.return
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
