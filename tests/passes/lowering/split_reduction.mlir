// RUN: fovea-opt %s --fovea-split | FileCheck %s

// The gradient by a 3x3 filter over a batch of 32 is eight partial sums over four images each, then their sum. The padding
// stays on the images.

// CHECK-LABEL: func.func @filter_gradient
// CHECK: %[[X:.*]] = tensor.expand_shape %arg0 {{\[}}[0, 1], [2], [3], [4]] output_shape [8, 4, 14, 14, 8]
// CHECK: tensor.pad %[[X]] low[0, 0, 1, 1, 0] high[0, 0, 1, 1, 0]
// CHECK: %[[DY:.*]] = tensor.expand_shape %arg1
// CHECK: %[[PARTIAL:.*]] = linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]
// CHECK: -> tensor<8x3x3x8x16xf32>
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]
// CHECK-SAME: ins(%[[PARTIAL]] : tensor<8x3x3x8x16xf32>)
// CHECK: arith.addf
func.func @filter_gradient(%x: tensor<32x14x14x8xf32>, %dy: tensor<32x14x14x16xf32>) -> tensor<3x3x8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %padded = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<32x14x14x8xf32> to tensor<32x16x16x8xf32>
  %empty = tensor.empty() : tensor<3x3x8x16xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<3x3x8x16xf32>) -> tensor<3x3x8x16xf32>
  %dw = linalg.generic {indexing_maps = [affine_map<(a, b, c, f, n, h, w) -> (n, h + a, w + b, c)>,
                                         affine_map<(a, b, c, f, n, h, w) -> (n, h, w, f)>,
                                         affine_map<(a, b, c, f, n, h, w) -> (a, b, c, f)>],
                        iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%padded, %dy : tensor<32x16x16x8xf32>, tensor<32x14x14x16xf32>) outs(%start : tensor<3x3x8x16xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %product = arith.mulf %p, %q : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  } -> tensor<3x3x8x16xf32>
  return %dw : tensor<3x3x8x16xf32>
}

// A batch of 31 has no equal parts, and a dense layer's sum runs along its input's rows: both stay as they are.
// CHECK-LABEL: func.func @whole
// CHECK-NOT: tensor.expand_shape
// CHECK: return
func.func @whole(%x: tensor<31x64x8xf32>, %dy: tensor<31x64x16xf32>, %a: tensor<16x1024xf32>, %b: tensor<1024x16xf32>)
    -> (tensor<8x16xf32>, tensor<16x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8x16xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<8x16xf32>) -> tensor<8x16xf32>
  %dw = linalg.generic {indexing_maps = [affine_map<(c, f, n, w) -> (n, w, c)>, affine_map<(c, f, n, w) -> (n, w, f)>,
                                         affine_map<(c, f, n, w) -> (c, f)>],
                        iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %dy : tensor<31x64x8xf32>, tensor<31x64x16xf32>) outs(%start : tensor<8x16xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %product = arith.mulf %p, %q : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  } -> tensor<8x16xf32>
  %empty2 = tensor.empty() : tensor<16x16xf32>
  %start2 = linalg.fill ins(%zero : f32) outs(%empty2 : tensor<16x16xf32>) -> tensor<16x16xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<16x1024xf32>, tensor<1024x16xf32>) outs(%start2 : tensor<16x16xf32>) {
  ^bb0(%p: f32, %q: f32, %sum: f32):
    %product = arith.mulf %p, %q : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  } -> tensor<16x16xf32>
  return %dw, %y : tensor<8x16xf32>, tensor<16x16xf32>
}
