// RUN: fovea-opt %s --fovea-fuse | FileCheck %s

// The mask moves into the phases, each phase is written in place, and no fill precedes phases that cover everything.

// CHECK-LABEL: func.func @main
// CHECK: %[[EMPTY:.*]] = tensor.empty
// CHECK-NOT: fill
// CHECK: %[[EVEN:.*]] = call @even_elementwise(%arg0, %arg1, %[[EMPTY]])
// CHECK: %[[BOTH:.*]] = call @odd_elementwise(%arg0, %arg1, %[[EVEN]])
// CHECK: return %[[BOTH]]
// CHECK-LABEL: func.func private @even_elementwise
// CHECK-SAME: tensor<8x3xf32> {fovea.in_place = 2 : i64}
// CHECK: tensor.extract_slice %arg1[0, 0] [4, 3] [2, 1]
// CHECK: linalg.generic
// CHECK: negf
// CHECK: select
// CHECK-NOT: linalg.generic
// CHECK: tensor.insert_slice %{{.*}} into %arg2[0, 0] [4, 3] [2, 1]
// CHECK-LABEL: func.func private @odd_elementwise
// CHECK: select
// CHECK: tensor.insert_slice %{{.*}} into %arg2[1, 0] [4, 3] [2, 1]

#d2 = affine_map<(a, b) -> (a, b)>
func.func @main(%x: tensor<4x3xf32> {fovea.name = "x", fovea.role = "input"}, %y: tensor<8x3xf32> {fovea.name = "y", fovea.role = "input"})
    -> (tensor<8x3xf32> {fovea.name = "g"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x3xf32>) -> tensor<8x3xf32>
  %h = tensor.empty() : tensor<4x3xf32>
  %p0 = linalg.generic {indexing_maps = [#d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x3xf32>) outs(%h : tensor<4x3xf32>) {
    ^bb0(%u: f32, %o: f32):
      %s = arith.negf %u : f32
      linalg.yield %s : f32
  } -> tensor<4x3xf32> loc("even")
  %i0 = tensor.insert_slice %p0 into %f[0, 0] [4, 3] [2, 1] : tensor<4x3xf32> into tensor<8x3xf32>
  %p1 = linalg.generic {indexing_maps = [#d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x3xf32>) outs(%h : tensor<4x3xf32>) {
    ^bb0(%u: f32, %o: f32):
      %s = arith.addf %u, %u : f32
      linalg.yield %s : f32
  } -> tensor<4x3xf32> loc("odd")
  %i1 = tensor.insert_slice %p1 into %i0[1, 0] [4, 3] [2, 1] : tensor<4x3xf32> into tensor<8x3xf32>
  %g = linalg.generic {indexing_maps = [#d2, #d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%i1, %y : tensor<8x3xf32>, tensor<8x3xf32>) outs(%e : tensor<8x3xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %q = arith.cmpf ogt, %v, %zero : f32
      %s = arith.select %q, %u, %zero : f32
      linalg.yield %s : f32
  } -> tensor<8x3xf32>
  return %g : tensor<8x3xf32>
}
