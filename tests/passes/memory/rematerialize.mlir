// RUN: fovea-opt %s --fovea-rematerialize=bytes=5200 | FileCheck %s
// RUN: not fovea-opt %s --fovea-rematerialize=bytes=2048 2>&1 | FileCheck %s --check-prefix=LEAST

// %a is read at once and again by the last call, and %b is as large, so %a is computed again for the last call by the same
// kernel. The view of it becomes a view of the copy, and the call is marked as repeated.

// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = call @widen(%arg0)
// CHECK-NEXT: call @narrow(%[[A]])
// CHECK-COUNT-4: call @step
// CHECK: call @widen(%extracted_slice)
// CHECK: call @narrow
// CHECK-COUNT-4: call @step
// CHECK: %[[AGAIN:.*]] = call @widen(%arg0) {fovea.repeated}
// CHECK: %[[VIEW:.*]] = tensor.collapse_shape %[[AGAIN]]
// CHECK: call @join({{.*}}, %[[VIEW]])

// LEAST: error: needs at least {{[0-9]+}} bytes between its calls, with rematerialization; 2048 are allowed

#d2 = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#d1 = affine_map<(i) -> (i)>
func.func @main(%x: tensor<32xf32> {fovea.name = "x", fovea.role = "input"}) -> (tensor<1024xf32> {fovea.name = "y"}) {
  %a = call @widen(%x) : (tensor<32xf32>) -> tensor<32x32xf32>
  %v0 = call @narrow(%a) : (tensor<32x32xf32>) -> tensor<256xf32>
  %v1 = call @step(%v0) : (tensor<256xf32>) -> tensor<256xf32>
  %v2 = call @step(%v1) : (tensor<256xf32>) -> tensor<256xf32>
  %v3 = call @step(%v2) : (tensor<256xf32>) -> tensor<256xf32>
  %v4 = call @step(%v3) : (tensor<256xf32>) -> tensor<256xf32>
  %z = tensor.extract_slice %v4[0] [32] [1] : tensor<256xf32> to tensor<32xf32>
  %b = call @widen(%z) : (tensor<32xf32>) -> tensor<32x32xf32>
  %v5 = call @narrow(%b) : (tensor<32x32xf32>) -> tensor<256xf32>
  %v6 = call @step(%v5) : (tensor<256xf32>) -> tensor<256xf32>
  %v7 = call @step(%v6) : (tensor<256xf32>) -> tensor<256xf32>
  %v8 = call @step(%v7) : (tensor<256xf32>) -> tensor<256xf32>
  %v9 = call @step(%v8) : (tensor<256xf32>) -> tensor<256xf32>
  %flat = tensor.collapse_shape %a [[0, 1]] : tensor<32x32xf32> into tensor<1024xf32>
  %y = call @join(%v9, %flat) : (tensor<256xf32>, tensor<1024xf32>) -> tensor<1024xf32>
  return %y : tensor<1024xf32>
}
func.func private @widen(%x: tensor<32xf32>) -> tensor<32x32xf32> attributes {fovea.kernel} {
  %e = tensor.empty() : tensor<32x32xf32>
  %r = linalg.generic {indexing_maps = [#row, #d2], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<32xf32>) outs(%e : tensor<32x32xf32>) {
    ^bb0(%p: f32, %o: f32):
      %s = arith.addf %p, %p : f32
      linalg.yield %s : f32
  } -> tensor<32x32xf32>
  return %r : tensor<32x32xf32>
}
func.func private @narrow(%x: tensor<32x32xf32>) -> tensor<256xf32> attributes {fovea.kernel} {
  %e = tensor.empty() : tensor<256xf32>
  %s = tensor.extract_slice %x[0, 0] [8, 32] [1, 1] : tensor<32x32xf32> to tensor<8x32xf32>
  %f = tensor.collapse_shape %s [[0, 1]] : tensor<8x32xf32> into tensor<256xf32>
  %r = linalg.generic {indexing_maps = [#d1, #d1], iterator_types = ["parallel"]} ins(%f : tensor<256xf32>) outs(%e : tensor<256xf32>) {
    ^bb0(%p: f32, %o: f32):
      linalg.yield %p : f32
  } -> tensor<256xf32>
  return %r : tensor<256xf32>
}
func.func private @step(%x: tensor<256xf32>) -> tensor<256xf32> attributes {fovea.kernel} {
  %e = tensor.empty() : tensor<256xf32>
  %r = linalg.generic {indexing_maps = [#d1, #d1], iterator_types = ["parallel"]} ins(%x : tensor<256xf32>) outs(%e : tensor<256xf32>) {
    ^bb0(%p: f32, %o: f32):
      %s = arith.mulf %p, %p : f32
      linalg.yield %s : f32
  } -> tensor<256xf32>
  return %r : tensor<256xf32>
}
func.func private @join(%x: tensor<256xf32>, %y: tensor<1024xf32>) -> tensor<1024xf32> attributes {fovea.kernel} {
  %e = tensor.empty() : tensor<1024xf32>
  %r = linalg.generic {indexing_maps = [#d1, #d1], iterator_types = ["parallel"]} ins(%y : tensor<1024xf32>) outs(%e : tensor<1024xf32>) {
    ^bb0(%p: f32, %o: f32):
      linalg.yield %p : f32
  } -> tensor<1024xf32>
  return %r : tensor<1024xf32>
}
