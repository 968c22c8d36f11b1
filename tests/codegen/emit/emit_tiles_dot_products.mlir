// RUN: fovea-opt %s "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s --check-prefix=X86
// RUN: fovea-opt %s "--fovea-emit-tiles=triple=aarch64-linux-gnu cpu=cortex-a76" | FileCheck %s --check-prefix=ARM

// Four bytes are one number of 32 bits when an instruction multiplies them: with different signs on x86, and equal ones on Arm.
// X86: func.func @tiles_kernel(%{{.*}}: tensor<8x16xf32> {fovea.unsigned_bytes}, %{{.*}}: tensor<16x32xf32>
// X86-SAME: fovea.dot_product = 2
// X86: arith.mulf %{{.*}} {fovea.dot_product} : f32
// ARM: func.func @tiles_kernel(%{{.*}}: tensor<8x16x4xi8>
// ARM-NOT: fovea.dot_product
#map = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d2, d1, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1)>
func.func @kernel(%a: tensor<8x16x4xi8>, %b: tensor<16x32x4xi8>) -> tensor<8x32xi32> attributes {fovea.kernel} {
  %zero = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<8x32xi32>
  %start = linalg.fill ins(%zero : i32) outs(%empty : tensor<8x32xi32>) -> tensor<8x32xi32>
  %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%a, %b : tensor<8x16x4xi8>, tensor<16x32x4xi8>) outs(%start : tensor<8x32xi32>) {
  ^bb0(%in: i8, %in_0: i8, %out: i32):
    %1 = arith.extui %in : i8 to i32
    %2 = arith.extsi %in_0 : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %out, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<8x32xi32>
  return %0 : tensor<8x32xi32>
}
