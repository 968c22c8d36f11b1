// What is no tiling of this kernel is refused, by the name of the field.
// RUN: sed 's/block = 4 : i64, tile/block = 0 : i64, tile/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: sed 's/tile = 2 /tile = 5 /' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: sed 's/, {block = 4 : i64}\]/]/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=DIMS
// RUN: sed 's/tile = 2 : i64}/tile = 2 : i64, unrolled}/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=UNROLLED
// RUN: sed 's/{block = 16 : i64}/{block = 8 : i64}/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=CUT
// RUN: sed 's/tile = 2 : i64}/tiles = 2 : i64}/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=DIM
// RUN: sed 's/\[0, 1\]/[0, 0]/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: sed 's/\[0, 1\]/[1]/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=LEFT_OUT
// RUN: sed 's/vector_dim = 1/vector_dim = 2/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=VECTOR
// RUN: sed 's/, vector_dim = 1 : i64}}/}}/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=NO_VECTOR
// RUN: sed 's/vector_dim = 1/vector_dimm = 1/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: sed 's/kind = "contraction", //' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=NO_KIND
// RUN: sed 's/kind = "contraction"/kind = "contractoin"/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: sed 's/kind = "contraction"/kind = "elementwise"/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=ELEMENTWISE
// RUN: sed 's/kind = "contraction"/kind = "winograd", lanes = 8, results = 4, rows = 4/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=WINOGRAD
// RUN: sed 's/kind = "contraction"/kind = "winograd", lanes = 8, rows = 4/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=RESULTS
// RUN: sed 's/kind = "contraction"/kind = "inner_product"/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=LANES
// RUN: sed 's/kind = "contraction"/kind = "contraction", next_line = {dim = 0, input = 0}/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=FIELD
// RUN: sed 's/kind = "contraction"/kind = "depthwise", next_line = {dim = 0, input = 0}/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=LINE
// RUN: sed 's/kind = "contraction"/kind = "contraction", prefetched_panel/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=PANEL
// RUN: sed 's/kind = "contraction"/kind = "contraction", prefetched_input = 2/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: sed 's/kind = "contraction"/kind = "contraction", reduction_blocks = 1/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=FLAG
// RUN: sed 's/kind = "contraction"/kind = "contraction", non_temporal = [0]/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=NON_TEMPORAL
// RUN: sed 's/"none", "none"/"none", "sealed"/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=PACKING
// RUN: sed 's/"none", "none"/"none", "prepacked"/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=PREPACKED
// RUN: sed 's/"none", "none"/"panel", "none"/' %s | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=PANEL_OF_ROWS

// BLOCK: error: {{.*}}fovea.tiling: dims[0].block is 0, must be from 1 to 256
// TILE: error: {{.*}}fovea.tiling: dims[0].tile is 5, must be from 0 to 4
// DIMS: error: {{.*}}fovea.tiling: dims must have 4 entries
// UNROLLED: error: {{.*}}fovea.tiling: dims[0].unrolled is only for a reduced dimension without a tile that is one block
// CUT: error: {{.*}}fovea.tiling: dims[2].block is 8 of 16: a reduction can only be cut if its partial results are kept in scratch (reduction_blocks)
// DIM: error: {{.*}}field of dims "tiles"
// ORDER: error: {{.*}}fovea.tiling: tile_order must list each dimension that has a tile once
// LEFT_OUT: error: {{.*}}fovea.tiling: tile_order must list each dimension that has a tile once; 0 is missing
// VECTOR: error: {{.*}}fovea.tiling: vector_dim 2 has no tile
// NO_VECTOR: error: {{.*}}fovea.tiling: vector_dim is missing; kind contraction needs it
// NAME: error: {{.*}}vector_dim
// NO_KIND: error: {{.*}}fovea.tiling: kind must be one of elementwise, reduction, contraction, depthwise, depthwise_filter_gradient, inner_product, winograd
// KIND: error: {{.*}}"contractoin"{{.*}}contraction
// ELEMENTWISE: error: {{.*}}fovea.tiling: kind is elementwise: it must be elementwise if the kernel has no reduction, and must not be otherwise
// WINOGRAD: error: {{.*}}fovea.tiling: kind is winograd: it must be winograd if the kernel's filter is transformed, and must not be otherwise
// RESULTS: error: {{.*}}fovea.tiling: results must be an integer
// LANES: error: {{.*}}fovea.tiling: vector_dim of kind inner_product must be reduced
// FIELD: error: {{.*}}field of a tiling of kind contraction "next_line"
// LINE: error: {{.*}}fovea.tiling: next_line.dim 0 must be a dimension of the result without a tile
// PANEL: error: {{.*}}fovea.tiling: prefetched_panel is only for a prepacked panel_input
// INPUT: error: {{.*}}fovea.tiling: prefetched_input is 2, must be from 0 to 1
// FLAG: error: {{.*}}fovea.tiling: reduction_blocks must be a unit attribute
// NON_TEMPORAL: error: {{.*}}fovea.tiling: non_temporal: result 0 is not written in whole cache lines
// PACKING: error: {{.*}}fovea.tiling: each entry of packing must be one of none, input_tile, panel, prepacked
// PREPACKED: error: {{.*}}fovea.tiling: packing[1]: it must be prepacked if the operand is, and must not be otherwise
// PANEL_OF_ROWS: error: {{.*}}fovea.tiling: packing[0]: panel is only for an input of a contraction that has the vector dimension
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
