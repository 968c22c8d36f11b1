// RUN: fovea-opt %s -convert-fovea-to-linalg -fovea-fuse | FileCheck %s

// Views are of memory: a slice or padded value is copied by a kernel before it is viewed in another shape.

// CHECK-LABEL: func.func @main
// CHECK: %[[CUT:.*]] = call @{{.*}}(%arg0)
// CHECK: %[[VIEW:.*]] = tensor.collapse_shape %[[CUT]]
// CHECK: call @{{.*}}(%[[VIEW]], %arg1)
// CHECK-LABEL: func.func private
// CHECK: tensor.extract_slice %arg0[0, 0, 1] [2, 4, 3]
func.func @main(%x: tensor<2x4x5xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<12x7xf32> {fovea.name = "w", fovea.role = "input"})
    -> (tensor<2x7xf32> {fovea.name = "y"}) {
  %0 = fovea.slice %x {offsets = array<i64: 0, 0, 1>, sizes = array<i64: 2, 4, 3>} : (tensor<2x4x5xf32>) -> tensor<2x4x3xf32>
  %1 = fovea.reshape %0 {shape = array<i64: 2, 12>} : (tensor<2x4x3xf32>) -> tensor<2x12xf32>
  %2 = fovea.dense %1, %w : (tensor<2x12xf32>, tensor<12x7xf32>) -> tensor<2x7xf32>
  return %2 : tensor<2x7xf32>
}
