// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-hoist-constants --fovea-fuse "--fovea-transform-filters=triple=x86_64-linux-gnu cpu=haswell winograd=4" "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" > %t
// RUN: FileCheck %s < %t
// RUN: sed "s/lanes = 8/lanes = 7/" %t | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=LANES
// RUN: sed "s/results = 4/results = 2/" %t | not fovea-opt - "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" 2>&1 | FileCheck %s --check-prefix=RESULTS

// Blocks of whole tiles of 4 x 4 pixels, filters in whole vectors; the verifier holds to what the filter was transformed for.
// CHECK: fovea.tiling = {dims = [
// CHECK-SAME: kind = "winograd", lanes = 8 : i64, packing = ["input_tile", "prepacked"], results = 4 : i64, rows = {{[0-9]+}} : i64, tile_order = [3], vector_dim = 3 : i64}
// CHECK-SAME: fovea.winograd = 4 : i64
// LANES: error: {{.*}}fovea.tiling: lanes is 7, must divide 16 channels and blocks of {{[0-9]+}} filters
// RESULTS: error: {{.*}}fovea.tiling: results is 2, but the kernel's filter is transformed for 4
func.func @main(%x: tensor<1x14x14x16xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<3x3x16x32xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x14x14x32xf32> {fovea.name = "y"}) {
  %0 = fovea.conv %x, %w {padding = "same"} : (tensor<1x14x14x16xf32>, tensor<3x3x16x32xf32>) -> tensor<1x14x14x32xf32>
  %1 = fovea.relu %0 : (tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xf32>
  return %1 : tensor<1x14x14x32xf32>
}
