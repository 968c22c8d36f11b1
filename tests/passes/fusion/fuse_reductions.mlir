// RUN: fovea-opt %s --fovea-fuse | FileCheck %s

// Both sums in the gradient of a batch norm come from one reading; the element-wise product before one sum and the scaling
// after it are in the same kernel.

// CHECK-LABEL: func.func @main
// CHECK: call @reduction(%{{.*}}, %{{.*}}) : (tensor<24x5xf32>, tensor<24x5xf32>) -> (tensor<5xf32>, tensor<5xf32>)
// CHECK-NOT: call
// CHECK: return
// CHECK: func.func private
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "reduction"]
// CHECK: mulf
// CHECK: addf
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel"]
// CHECK: negf

#d3 = affine_map<(a, b, c) -> (a, b, c)>
#in = affine_map<(c, a, b) -> (a, b, c)>
#sum = affine_map<(c, a, b) -> (c)>
#d1 = affine_map<(c) -> (c)>
func.func @main(%g: tensor<4x6x5xf32> {fovea.name = "g", fovea.role = "input"}, %x: tensor<4x6x5xf32> {fovea.name = "x", fovea.role = "input"})
    -> (tensor<5xf32> {fovea.name = "shift"}, tensor<5xf32> {fovea.name = "scale"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x6x5xf32>
  %p = linalg.generic {indexing_maps = [#d3, #d3, #d3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%g, %x : tensor<4x6x5xf32>, tensor<4x6x5xf32>) outs(%e : tensor<4x6x5xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.mulf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<4x6x5xf32>
  %c = tensor.empty() : tensor<5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%c : tensor<5xf32>) -> tensor<5xf32>
  %shift = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "reduction", "reduction"]} ins(%g : tensor<4x6x5xf32>) outs(%f : tensor<5xf32>) {
    ^bb0(%u: f32, %a: f32):
      %s = arith.addf %a, %u : f32
      linalg.yield %s : f32
  } -> tensor<5xf32>
  %sum = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "reduction", "reduction"]} ins(%p : tensor<4x6x5xf32>) outs(%f : tensor<5xf32>) {
    ^bb0(%u: f32, %a: f32):
      %s = arith.addf %a, %u : f32
      linalg.yield %s : f32
  } -> tensor<5xf32>
  %scale = linalg.generic {indexing_maps = [#d1, #d1], iterator_types = ["parallel"]} ins(%sum : tensor<5xf32>) outs(%c : tensor<5xf32>) {
    ^bb0(%u: f32, %o: f32):
      %s = arith.negf %u : f32
      linalg.yield %s : f32
  } -> tensor<5xf32>
  return %shift, %scale : tensor<5xf32>, tensor<5xf32>
}
