// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// Loops over tiles with static sizes; 37 rows in tiles of 5 leave one tile of 2. The function that called the kernel is
// removed.
// CHECK-NOT: @main
// CHECK: func.func @tiles_contraction(%{{.*}}: tensor<37x64xf32>, %{{.*}}: tensor<64x40xf32>, %{{.*}}: tensor<37x40xf32> {bufferization.writable = true}, %{{.*}}: tensor<1x64x16xf32> {bufferization.writable = true}, %{{.*}}: index, %{{.*}}: index)
// CHECK-SAME: fovea.tile_program = {
// CHECK-SAME: operands = 3 : i64
// CHECK-SAME: tiles = 12 : i64
// CHECK: linalg.generic{{.*}} ins(%{{.*}} : tensor<5x8xf32>, tensor<8x16xf32>) outs(%{{.*}} : tensor<5x16xf32>)
// CHECK: outs(%{{.*}} : tensor<2x16xf32>)
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  return %0 : tensor<37x40xf32>
}
