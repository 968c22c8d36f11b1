// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s --check-prefix=AVX2
// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s --check-prefix=AVX512
// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-choose-tiling=triple=aarch64-linux-gnu cpu=cortex-a76" | FileCheck %s --check-prefix=NEON

// A contraction: rows and columns of accumulators fill the registers of each processor, columns along its vectors; the second operand
// is packed as a panel.
// AVX2: fovea.tiling = {dims = [{block = 10 : i64, tile = 5 : i64}, {block = 16 : i64, tile = 16 : i64}, {block = 64 : i64, tile = 8 : i64}], kind = "contraction", packing = ["none", "panel"], panel_input = 1 : i64, tile_order = [0, 1, 2], vector_dim = 1 : i64}
// AVX512: {block = 10 : i64, tile = 10 : i64}, {block = 32 : i64, tile = 32 : i64}
// NEON: {block = 20 : i64, tile = 10 : i64}, {block = 8 : i64, tile = 8 : i64}
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  return %0 : tensor<37x40xf32>
}
