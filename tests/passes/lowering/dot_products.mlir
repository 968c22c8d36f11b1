// RUN: fovea-opt %s -fovea-dot-products=products=mixed-quads | FileCheck %s --check-prefix=MIXED
// RUN: fovea-opt %s -fovea-dot-products=products=equal-quads | FileCheck %s --check-prefix=EQUAL
// RUN: fovea-opt %s -fovea-dot-products=products=pairs | FileCheck %s --check-prefix=PAIRS
// RUN: fovea-opt %s -fovea-dot-products="products=pairs words=true" | FileCheck %s --check-prefix=WORDS

// Signed bytes times signed bytes, 6 channels. When the processor's instruction takes different signs, the image's sign bit is
// flipped, and 128 times the filter's sums compensates for it.
// MIXED-LABEL: func.func @dense
// MIXED: tensor.pad %{{.*}} low[0, 0] high[0, 2]
// MIXED: arith.xori
// MIXED: tensor.expand_shape %{{.*}} output_shape [2, 2, 4]
// MIXED: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x2x4xi8>, tensor<2x5x4xi8>) outs(%{{.*}} : tensor<2x5xi32>)
// MIXED-NEXT: ^bb0
// MIXED-NEXT: arith.extui
// MIXED-NEXT: arith.extsi
// MIXED: arith.constant -128 : i32
// When it takes equal signs, nothing is flipped.
// EQUAL-LABEL: func.func @dense
// EQUAL-NOT: arith.xori
// EQUAL: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x2x4xi8>, tensor<2x5x4xi8>) outs(%{{.*}} : tensor<2x5xi32>)
// EQUAL-NEXT: ^bb0
// EQUAL-NEXT: arith.extsi
// EQUAL-NEXT: arith.extsi
// EQUAL-NOT: -128
// PAIRS-LABEL: func.func @dense
// PAIRS: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x3x2xi16>, tensor<3x5x2xi16>) outs(%{{.*}} : tensor<2x5xi32>)
func.func @dense(%x: tensor<2x6xi8>, %w: tensor<6x5xi8>) -> tensor<2x5xi32> {
  %c0 = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x5xi32>
  %f = linalg.fill ins(%c0 : i32) outs(%e : tensor<2x5xi32>) -> tensor<2x5xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<2x6xi8>, tensor<6x5xi8>) outs(%f : tensor<2x5xi32>) {
  ^bb0(%a: i8, %b: i8, %s: i32):
    %p = arith.extsi %a : i8 to i32
    %q = arith.extsi %b : i8 to i32
    %r = arith.muli %p, %q : i32
    %t = arith.addi %s, %r : i32
    linalg.yield %t : i32
  } -> tensor<2x5xi32>
  return %y : tensor<2x5xi32>
}

// Depthwise: sums of nine terms are exact in f32.
// MIXED-LABEL: func.func @depthwise
// MIXED: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x16xf32>)
// MIXED: arith.sitofp
// MIXED: arith.fptosi
// Otherwise they are summed as integers.
// WORDS-LABEL: func.func @depthwise
// WORDS: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x16xi32>)
// WORDS: arith.muli
// WORDS-NEXT: arith.addi
// WORDS-NOT: arith.sitofp
func.func @depthwise(%x: tensor<6x16xi8>, %w: tensor<3x16xi8>) -> tensor<4x16xi32> {
  %c0 = arith.constant 0 : i32
  %e = tensor.empty() : tensor<4x16xi32>
  %f = linalg.fill ins(%c0 : i32) outs(%e : tensor<4x16xi32>) -> tensor<4x16xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(o, c, k) -> (o + k, c)>, affine_map<(o, c, k) -> (k, c)>, affine_map<(o, c, k) -> (o, c)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<6x16xi8>, tensor<3x16xi8>) outs(%f : tensor<4x16xi32>) {
  ^bb0(%a: i8, %b: i8, %s: i32):
    %p = arith.extsi %a : i8 to i32
    %q = arith.extsi %b : i8 to i32
    %r = arith.muli %p, %q : i32
    %t = arith.addi %s, %r : i32
    linalg.yield %t : i32
  } -> tensor<4x16xi32>
  return %y : tensor<4x16xi32>
}
