// RUN: fovea-opt %s "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// A tiling that a kernel has already stays; a function that is no kernel gets none.
// CHECK: @kernel{{.*}} fovea.tiling = {dims = [{block = 4 : i64, tile = 2 : i64}, {block = 16 : i64, tile = 8 : i64}, {block = 16 : i64}, {block = 4 : i64}], kind = "contraction", packing = ["none", "none"], tile_order = [0, 1], vector_dim = 1 : i64}
// CHECK: func.func @other(%arg0: tensor<3xf32>) -> tensor<3xf32> {
#map = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d2, d1, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1)>
func.func @kernel(%a: tensor<8x16x4xi8>, %b: tensor<16x32x4xi8>) -> tensor<8x32xi32> attributes {fovea.kernel, fovea.tiling = {dims = [{block = 4 : i64, tile = 2 : i64}, {block = 16 : i64, tile = 8 : i64}, {block = 16 : i64}, {block = 4 : i64}], kind = "contraction", packing = ["none", "none"], tile_order = [0, 1], vector_dim = 1 : i64}} {
  %zero = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<8x32xi32>
  %start = linalg.fill ins(%zero : i32) outs(%empty : tensor<8x32xi32>) -> tensor<8x32xi32>
  %0 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%a, %b : tensor<8x16x4xi8>, tensor<16x32x4xi8>) outs(%start : tensor<8x32xi32>) {
  ^bb0(%in: i8, %in_0: i8, %out: i32):
    %1 = arith.extsi %in : i8 to i32
    %2 = arith.extsi %in_0 : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %out, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<8x32xi32>
  return %0 : tensor<8x32xi32>
}
func.func @other(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}
