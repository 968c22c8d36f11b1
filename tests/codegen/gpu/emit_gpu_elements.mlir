// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse --fovea-emit-gpu --canonicalize --cse | FileCheck %s

// An invocation computes one result; those beyond the end compute nothing. Two workgroups of 256 have 400 results.
// CHECK: gpu.func @elementwise(%{{.*}}: memref<?xf32, #spirv.storage_class<StorageBuffer>>, %{{.*}}: memref<?xf32, #spirv.storage_class<StorageBuffer>>, %{{.*}}: memref<?xf32, #spirv.storage_class<StorageBuffer>>, %[[TABLE:.*]]: memref<?xi32, #spirv.storage_class<StorageBuffer>>) kernel
// CHECK-SAME: fovea.dispatch = {invocations = 256 : i64, workgroup_bytes = 0 : i64, workgroups = array<i64: 2, 1>}
// CHECK: memref.load %[[TABLE]]
// CHECK: %[[EXISTS:.*]] = arith.cmpi ult, %{{.*}}, %c400
// CHECK: scf.if %[[EXISTS]]
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK: memref.store
func.func @main(%x: tensor<4x100xf32> {fovea.name = "x", fovea.role = "input"}, %y: tensor<4x100xf32> {fovea.name = "y", fovea.role = "input"}) -> (tensor<4x100xf32> {fovea.name = "z"}) {
  %0 = fovea.add %x, %y : (tensor<4x100xf32>, tensor<4x100xf32>) -> tensor<4x100xf32>
  %1 = fovea.relu %0 : (tensor<4x100xf32>) -> tensor<4x100xf32>
  return %1 : tensor<4x100xf32>
}
