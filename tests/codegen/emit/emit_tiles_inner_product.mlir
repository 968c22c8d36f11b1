// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// Sixteen lanes of partial sums for each of 7 pixels and 3 channels, while the next line of the image is asked for.
// CHECK: func.func @tiles_contraction(
// CHECK: memref.prefetch
// CHECK: linalg.generic{{.*}} iterator_types = ["parallel", "parallel", "parallel"]{{.*}} ins(%{{.*}} : tensor<7x16xf32>, tensor<3x16xf32>) outs(%{{.*}} : tensor<7x3x16xf32>)
// CHECK: linalg.generic{{.*}} iterator_types = ["parallel", "parallel", "reduction"]{{.*}} ins(%{{.*}} : tensor<7x3x16xf32>) outs(%{{.*}} : tensor<7x3xf32>)
func.func @main(%g: tensor<1x16x16x32xf32> {fovea.name = "g", fovea.role = "input"}, %w: tensor<3x3x3x32xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x16x16x3xf32> {fovea.name = "y"}) {
  %0 = fovea.conv_transpose %g, %w {padding = "same", output_size = array<i64: 16, 16>} : (tensor<1x16x16x32xf32>, tensor<3x3x3x32xf32>) -> tensor<1x16x16x3xf32>
  return %0 : tensor<1x16x16x3xf32>
}
