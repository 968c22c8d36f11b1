// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-hoist-constants --fovea-fuse "--fovea-transform-filters=triple=x86_64-linux-gnu cpu=haswell winograd=4" "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// The image's tiles transformed into scratch, a product for each of their 36 numbers, and the way back in registers, with the epilogue.
// CHECK: func.func @tiles_{{.*}}(%{{.*}}: tensor<1x14x14x16xf32>, %{{.*}}: tensor<2x36x16x16xf32>, %{{.*}}: tensor<1x14x14x32xf32> {bufferization.writable = true}, %{{.*}}: tensor<{{[0-9]+}}xf32> {bufferization.writable = true}, %{{.*}}: tensor<36x{{[0-9]+}}x16xf32> {bufferization.writable = true}, %{{.*}}: tensor<36x{{[0-9]+}}x{{16|32}}xf32> {bufferization.writable = true}
// CHECK: vector.transfer_read {{.*}} vector<8xf32>
// CHECK: vector.fma
// CHECK: vector.transfer_write %{{.*}} : vector<8xf32>, tensor<36x
// CHECK: memref.prefetch
// CHECK: linalg.generic{{.*}} ins(%{{.*}} : tensor<{{[0-9]+}}x8xf32>, tensor<8x16xf32>) outs(%{{.*}} : tensor<{{[0-9]+}}x16xf32>)
// CHECK: vector.transfer_write %{{.*}} : vector<8xf32>, tensor<8xf32>
// CHECK: arith.maximumf
func.func @main(%x: tensor<1x14x14x16xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<3x3x16x32xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<1x14x14x32xf32> {fovea.name = "y"}) {
  %0 = fovea.conv %x, %w {padding = "same"} : (tensor<1x14x14x16xf32>, tensor<3x3x16x32xf32>) -> tensor<1x14x14x32xf32>
  %1 = fovea.relu %0 : (tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xf32>
  return %1 : tensor<1x14x14x32xf32>
}
