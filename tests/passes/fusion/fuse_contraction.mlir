// RUN: fovea-opt %s --fovea-fuse | FileCheck %s

// Padding, bias and activation are fused into the convolution's kernel. A 1x1 convolution is a dense layer over rows of pixels,
// and the residual sum is fused into it through the views in between. The mask of the backward pass is not stored: the sum over
// the masked values reads the sum and its sign, which are in memory anyway.

// CHECK-LABEL: func.func @main
// CHECK: %[[FIRST:.*]] = call @conv1_contraction(%arg0, %arg1, %arg2)
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[FIRST]] {{\[}}[0, 1, 2], [3]]
// CHECK: %[[WEIGHT:.*]] = tensor.collapse_shape %arg3
// CHECK: %[[SECOND:.*]] = call @conv2_contraction(%[[ROWS]], %[[WEIGHT]])
// CHECK-NOT: call @residual
// CHECK: call @conv1_reduction
// CHECK: return

// CHECK-LABEL: func.func private @conv1_contraction
// CHECK-SAME: attributes {fovea.kernel}
// CHECK: tensor.pad
// CHECK: linalg.fill
// CHECK: linalg.generic
// CHECK: mulf
// CHECK: linalg.generic
// CHECK: addf
// CHECK: maximumf
// CHECK-NOT: linalg.generic
// CHECK: return

// CHECK-LABEL: func.func private @conv2_contraction
// CHECK-NOT: tensor.pad
// CHECK: iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: linalg.generic
// CHECK: addf
// CHECK-NOT: linalg.generic
// CHECK: return

// CHECK-LABEL: func.func private @conv1_reduction
// CHECK: cmpf
// CHECK: select
// CHECK: addf
// CHECK: return

#image = affine_map<(n, h, w, f, kh, kw, c) -> (n, h + kh, w + kw, c)>
#filter = affine_map<(n, h, w, f, kh, kw, c) -> (kh, kw, c, f)>
#output = affine_map<(n, h, w, f, kh, kw, c) -> (n, h, w, f)>
#all = affine_map<(n, h, w, f) -> (n, h, w, f)>
#last = affine_map<(n, h, w, f) -> (f)>
func.func @main(%x: tensor<2x8x8x3xf32> {fovea.name = "x", fovea.role = "input"},
                %w1: tensor<3x3x3x16xf32> {fovea.name = "w1", fovea.role = "parameter"},
                %b: tensor<16xf32> {fovea.name = "b", fovea.role = "parameter"},
                %w2: tensor<1x1x16x16xf32> {fovea.name = "w2", fovea.role = "parameter"})
    -> (tensor<2x8x8x16xf32> {fovea.name = "y"}, tensor<16xf32> {fovea.name = "g"}) {
  %zero = arith.constant 0.0 : f32
  %padded = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
    ^bb0(%i: index, %j: index, %k: index, %l: index): tensor.yield %zero : f32
  } : tensor<2x8x8x3xf32> to tensor<2x10x10x3xf32>
  %empty = tensor.empty() : tensor<2x8x8x16xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x8x8x16xf32>) -> tensor<2x8x8x16xf32>
  %c1 = linalg.generic {indexing_maps = [#image, #filter, #output],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%padded, %w1 : tensor<2x10x10x3xf32>, tensor<3x3x3x16xf32>) outs(%start : tensor<2x8x8x16xf32>) {
    ^bb0(%u: f32, %v: f32, %a: f32):
      %m = arith.mulf %u, %v : f32
      %s = arith.addf %a, %m : f32
      linalg.yield %s : f32
  } -> tensor<2x8x8x16xf32> loc("conv1")
  %biased = linalg.generic {indexing_maps = [#all, #last, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c1, %b : tensor<2x8x8x16xf32>, tensor<16xf32>) outs(%empty : tensor<2x8x8x16xf32>) {
    ^bb0(%u: f32, %v: f32, %a: f32):
      %s = arith.addf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<2x8x8x16xf32> loc("conv1")
  %r = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%biased : tensor<2x8x8x16xf32>) outs(%empty : tensor<2x8x8x16xf32>) {
    ^bb0(%u: f32, %a: f32):
      %s = arith.maximumf %u, %zero : f32
      linalg.yield %s : f32
  } -> tensor<2x8x8x16xf32> loc("relu1")
  %c2 = linalg.generic {indexing_maps = [#image, #filter, #output],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%r, %w2 : tensor<2x8x8x16xf32>, tensor<1x1x16x16xf32>) outs(%start : tensor<2x8x8x16xf32>) {
    ^bb0(%u: f32, %v: f32, %a: f32):
      %m = arith.mulf %u, %v : f32
      %s = arith.addf %a, %m : f32
      linalg.yield %s : f32
  } -> tensor<2x8x8x16xf32> loc("conv2")
  %sum = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c2, %r : tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32>) outs(%empty : tensor<2x8x8x16xf32>) {
    ^bb0(%u: f32, %v: f32, %a: f32):
      %s = arith.addf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<2x8x8x16xf32> loc("residual")
  %masked = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%sum, %r : tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32>) outs(%empty : tensor<2x8x8x16xf32>) {
    ^bb0(%u: f32, %v: f32, %a: f32):
      %q = arith.cmpf ogt, %v, %zero : f32
      %s = arith.select %q, %u, %zero : f32
      linalg.yield %s : f32
  } -> tensor<2x8x8x16xf32> loc("relu1")
  %channels = tensor.empty() : tensor<16xf32>
  %nothing = linalg.fill ins(%zero : f32) outs(%channels : tensor<16xf32>) -> tensor<16xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(f, n, h, w) -> (n, h, w, f)>, affine_map<(f, n, h, w) -> (f)>],
      iterator_types = ["parallel", "reduction", "reduction", "reduction"]}
      ins(%masked : tensor<2x8x8x16xf32>) outs(%nothing : tensor<16xf32>) {
    ^bb0(%u: f32, %a: f32):
      %s = arith.addf %a, %u : f32
      linalg.yield %s : f32
  } -> tensor<16xf32> loc("conv1")
  return %sum, %g : tensor<2x8x8x16xf32>, tensor<16xf32>
}
