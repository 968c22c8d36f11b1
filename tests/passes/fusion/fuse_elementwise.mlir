// RUN: fovea-opt %s --fovea-fuse | FileCheck %s

// Chains become one operation, equal work on tensors of different shapes becomes one kernel over one long row, and a tensor
// that is read twice is read once.

// CHECK-LABEL: func.func @main
// CHECK: call @[[SWISH:.*]](%{{.*}}) : (tensor<24xf32>) -> tensor<24xf32>
// CHECK: call @[[SWISH]](%{{.*}}) : (tensor<24xf32>) -> tensor<24xf32>
// CHECK: call @{{.*}} -> (tensor<35xf32>, tensor<35xf32>)
// CHECK-NOT: call
// CHECK: return
// CHECK: func.func private @[[SWISH]]
// CHECK: linalg.generic
// CHECK: negf
// CHECK: mulf
// CHECK-NOT: linalg.generic
// CHECK: return
// CHECK: func.func private
// CHECK: linalg.generic
// CHECK-SAME: ins(%arg0 : tensor<35xf32>)
// CHECK-NOT: linalg.generic
// CHECK-NOT: func.func

#d2 = affine_map<(a, b) -> (a, b)>
#d3 = affine_map<(a, b, c) -> (a, b, c)>
func.func @main(%x: tensor<4x6xf32> {fovea.name = "x", fovea.role = "input"}, %y: tensor<2x3x4xf32> {fovea.name = "y", fovea.role = "input"},
                %z: tensor<5x7xf32> {fovea.name = "z", fovea.role = "input"})
    -> (tensor<4x6xf32> {fovea.name = "a"}, tensor<2x3x4xf32> {fovea.name = "b"}, tensor<5x7xf32> {fovea.name = "c"}, tensor<5x7xf32> {fovea.name = "d"}) {
  %e2 = tensor.empty() : tensor<4x6xf32>
  %n2 = linalg.generic {indexing_maps = [#d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x6xf32>) outs(%e2 : tensor<4x6xf32>) {
    ^bb0(%u: f32, %o: f32):
      %s = arith.negf %u : f32
      linalg.yield %s : f32
  } -> tensor<4x6xf32>
  %m2 = linalg.generic {indexing_maps = [#d2, #d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%n2, %x : tensor<4x6xf32>, tensor<4x6xf32>) outs(%e2 : tensor<4x6xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.mulf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<4x6xf32>
  %e3 = tensor.empty() : tensor<2x3x4xf32>
  %n3 = linalg.generic {indexing_maps = [#d3, #d3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%y : tensor<2x3x4xf32>) outs(%e3 : tensor<2x3x4xf32>) {
    ^bb0(%u: f32, %o: f32):
      %s = arith.negf %u : f32
      linalg.yield %s : f32
  } -> tensor<2x3x4xf32>
  %m3 = linalg.generic {indexing_maps = [#d3, #d3, #d3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%n3, %y : tensor<2x3x4xf32>, tensor<2x3x4xf32>) outs(%e3 : tensor<2x3x4xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.mulf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<2x3x4xf32>
  %two = arith.constant dense<2.0> : tensor<5x7xf32>
  %e = tensor.empty() : tensor<5x7xf32>
  %c = linalg.generic {indexing_maps = [#d2, #d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%z, %two : tensor<5x7xf32>, tensor<5x7xf32>) outs(%e : tensor<5x7xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.mulf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<5x7xf32>
  %d = linalg.generic {indexing_maps = [#d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%z : tensor<5x7xf32>) outs(%e : tensor<5x7xf32>) {
    ^bb0(%u: f32, %o: f32):
      %s = arith.negf %u : f32
      linalg.yield %s : f32
  } -> tensor<5x7xf32>
  return %m2, %m3, %c, %d : tensor<4x6xf32>, tensor<2x3x4xf32>, tensor<5x7xf32>, tensor<5x7xf32>
}
