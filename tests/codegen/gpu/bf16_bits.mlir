// RUN: fovea-opt %s --fovea-emit-gpu --fovea-bf16-bits --canonicalize --cse | FileCheck %s

// A bf16 number is the upper half of an f32: reading it is a shift, and writing it rounds to the nearest number, ties to even.
// What computes does so in f32.
// CHECK: gpu.func @kernel(%[[X:.*]]: memref<?xi16, #spirv.storage_class<StorageBuffer>>, %[[Y:.*]]: memref<?xi16, #spirv.storage_class<StorageBuffer>>
// CHECK-NOT: bf16
// CHECK: %[[BITS:.*]] = memref.load %[[X]]
// CHECK: arith.extui %[[BITS]] : i16 to i32
// CHECK: arith.shli
// CHECK: arith.bitcast %{{.*}} : i32 to f32
// CHECK: arith.maximumf %{{.*}} : f32
// CHECK: arith.trunci %{{.*}} : i32 to i16
// CHECK: memref.store %{{.*}}, %[[Y]]
func.func @kernel(%x: tensor<8xbf16>) -> tensor<8xbf16> attributes {fovea.kernel} {
  %half = arith.constant 0.5 : bf16
  %empty = tensor.empty() : tensor<8xbf16>
  %y = linalg.generic {indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>], iterator_types = ["parallel"]}
      ins(%x : tensor<8xbf16>) outs(%empty : tensor<8xbf16>) {
  ^bb0(%a: bf16, %unused: bf16):
    %m = arith.maximumf %a, %half : bf16
    linalg.yield %m : bf16
  } -> tensor<8xbf16>
  return %y : tensor<8xbf16>
}
