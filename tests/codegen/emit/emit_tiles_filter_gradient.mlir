// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=znver4" | FileCheck %s

// Sums start in scratch, are read and written there by each block of the reduction, and go to the result at the end.
// CHECK: func.func @tiles_contraction(%{{.*}}: tensor<8x16x16x32xf32>, %{{.*}}: tensor<8x16x16x64xf32>, %{{.*}}: tensor<3x3x32x64xf32> {bufferization.writable = true}, %{{.*}} {bufferization.writable = true}, %{{.*}} {bufferization.writable = true}, %[[SUMS:.*]]: tensor<3x3x8x64xf32> {bufferization.writable = true}
// CHECK: linalg.fill ins(%{{.*}} : f32) outs(%{{.*}} : tensor<8x32xf32>)
// CHECK: linalg.generic{{.*}} ins(%{{.*}} : tensor<8x8xf32>, tensor<8x32xf32>) outs(%{{.*}} : tensor<8x32xf32>)
// CHECK: tensor.insert_slice %{{.*}} : tensor<8x32xf32> into tensor<3x3x8x64xf32>
// CHECK: tensor.insert_slice %{{.*}} : tensor<8x32xf32> into tensor<3x3x32x64xf32>
func.func @main(%x: tensor<8x16x16x32xf32> {fovea.name = "x", fovea.role = "input"}, %g: tensor<8x16x16x64xf32> {fovea.name = "g", fovea.role = "input"}) -> (tensor<3x3x32x64xf32> {fovea.name = "y"}) {
  %0 = fovea.conv_filter_gradient %x, %g {filter_size = array<i64: 3, 3>, padding = "same"} : (tensor<8x16x16x32xf32>, tensor<8x16x16x64xf32>) -> tensor<3x3x32x64xf32>
  return %0 : tensor<3x3x32x64xf32>
}
