// RUN: fovea-opt %s --fovea-fuse | FileCheck %s

// A shortcut whose new channels are zeros: only the first operation of a kernel reads through padding, so the padded shortcut
// is written to memory, and the sum is fused into the convolution's kernel.

// CHECK-LABEL: func.func @main
// CHECK: %[[SHORTCUT:.*]] = call @elementwise(%arg2) : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x8xf32>
// CHECK: call @contraction(%arg0, %arg1, %[[SHORTCUT]])

// CHECK-LABEL: func.func private @elementwise
// CHECK: tensor.pad
// CHECK-LABEL: func.func private @contraction
// CHECK: tensor.pad %arg0
// CHECK-NOT: tensor.pad
// CHECK: addf
// CHECK: addf
// CHECK: return

#image = affine_map<(n, h, w, f, kh, kw, c) -> (n, h + kh, w + kw, c)>
#filter = affine_map<(n, h, w, f, kh, kw, c) -> (kh, kw, c, f)>
#output = affine_map<(n, h, w, f, kh, kw, c) -> (n, h, w, f)>
#all = affine_map<(n, h, w, f) -> (n, h, w, f)>
func.func @main(%image: tensor<1x8x8x8xf32>, %weight: tensor<3x3x8x8xf32>, %shortcut: tensor<1x8x8x4xf32>) -> tensor<1x8x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %padded = tensor.pad %image low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x8x8x8xf32> to tensor<1x10x10x8xf32>
  %empty = tensor.empty() : tensor<1x8x8x8xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %conv = linalg.generic {indexing_maps = [#image, #filter, #output], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%padded, %weight : tensor<1x10x10x8xf32>, tensor<3x3x8x8xf32>) outs(%start : tensor<1x8x8x8xf32>) {
  ^bb0(%in: f32, %w: f32, %out: f32):
    %product = arith.mulf %in, %w : f32
    %sum = arith.addf %out, %product : f32
    linalg.yield %sum : f32
  } -> tensor<1x8x8x8xf32>
  %wide = tensor.pad %shortcut low[0, 0, 0, 2] high[0, 0, 0, 2] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x8x8x4xf32> to tensor<1x8x8x8xf32>
  %result = tensor.empty() : tensor<1x8x8x8xf32>
  %added = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%conv, %wide : tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) outs(%result : tensor<1x8x8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %sum = arith.addf %a, %b : f32
    linalg.yield %sum : f32
  } -> tensor<1x8x8x8xf32>
  return %added : tensor<1x8x8x8xf32>
}
