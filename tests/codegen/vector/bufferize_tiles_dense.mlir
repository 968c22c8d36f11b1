// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-fuse "--fovea-emit-tiles=triple=x86_64-linux-gnu cpu=haswell" --fovea-vectorize-tiles --fovea-bufferize-tiles | FileCheck %s

// Tensors become memory of the caller: nothing is allocated, copied as a whole, or returned.
// CHECK: func.func @tiles_contraction(%{{.*}}: memref<37x64xf32>, %{{.*}}: memref<64x40xf32>, %{{.*}}: memref<37x40xf32>, %{{.*}}: memref<1x64x16xf32>, %{{.*}}: index, %{{.*}}: index) attributes
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK-NOT: tensor<
// CHECK: return{{$}}
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  return %0 : tensor<37x40xf32>
}
