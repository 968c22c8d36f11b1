// RUN: fovea-opt %s --fovea-fuse | FileCheck %s

// The update is fused into the filter gradient, which therefore runs after the input gradient, the last reader of the old
// weight. The second weight's old value is read after its new value is known, so that its update is a copy at the end.

// CHECK-LABEL: func.func @main
// CHECK: %[[INPUT:.*]] = call @input_contraction(%arg0, %arg1)
// CHECK: %[[W:.*]] = call @filter_contraction(%arg0, %arg1)
// CHECK: %[[NEW:.*]] = call @shift_elementwise(%arg2)
// CHECK: %[[LATE:.*]] = call @late_elementwise(%arg2, %[[NEW]])
// CHECK: %[[ROW:.*]] = tensor.collapse_shape %[[NEW]]
// CHECK: %[[COPY:.*]] = call @elementwise(%[[ROW]])
// CHECK: %[[V:.*]] = tensor.expand_shape %[[COPY]]
// CHECK: return %[[INPUT]], %[[W]], %[[V]], %[[LATE]]
// CHECK-LABEL: func.func private @filter_contraction
// CHECK: mulf
// CHECK: subf
// CHECK: return

#rows = affine_map<(i, j, k) -> (i, k)>
#columns = affine_map<(i, j, k) -> (k, j)>
#turned = affine_map<(i, j, k) -> (k, i)>
#out = affine_map<(i, j, k) -> (i, j)>
#d2 = affine_map<(a, b) -> (a, b)>
#transposed = affine_map<(a, b) -> (b, a)>
func.func @main(%x: tensor<4x4xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<4x4xf32> {fovea.name = "w", fovea.role = "parameter"},
                %v: tensor<4x4xf32> {fovea.name = "v", fovea.role = "parameter"})
    -> (tensor<4x4xf32> {fovea.name = "g"}, tensor<4x4xf32> {fovea.name = "w"}, tensor<4x4xf32> {fovea.name = "v"}, tensor<4x4xf32> {fovea.name = "late"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %dw = linalg.generic {indexing_maps = [#turned, #columns, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) {
    ^bb0(%p: f32, %q: f32, %a: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %a, %m : f32
      linalg.yield %s : f32
  } -> tensor<4x4xf32> loc("filter")
  %nw = linalg.generic {indexing_maps = [#d2, #d2, #d2], iterator_types = ["parallel", "parallel"]} ins(%w, %dw : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %s = arith.subf %p, %q : f32
      linalg.yield %s : f32
  } -> tensor<4x4xf32> loc("sgd")
  %dx = linalg.generic {indexing_maps = [#rows, #columns, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) {
    ^bb0(%p: f32, %q: f32, %a: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %a, %m : f32
      linalg.yield %s : f32
  } -> tensor<4x4xf32> loc("input")
  %nv = linalg.generic {indexing_maps = [#transposed, #d2], iterator_types = ["parallel", "parallel"]} ins(%v : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%p: f32, %o: f32):
      %s = arith.addf %p, %p : f32
      linalg.yield %s : f32
  } -> tensor<4x4xf32> loc("shift")
  %late = linalg.generic {indexing_maps = [#d2, #transposed, #d2], iterator_types = ["parallel", "parallel"]} ins(%v, %nv : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %s = arith.subf %p, %q : f32
      linalg.yield %s : f32
  } -> tensor<4x4xf32> loc("late")
  return %dx, %nw, %nv, %late : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}
