// RUN: fovea-opt %s -convert-fovea-to-linalg -cse -fovea-hoist-constants | FileCheck %s

// Nothing is hoisted: neither what depends on the input, nor what a result replaces, nor one number that is repeated to a whole
// image.
// CHECK-LABEL: func.func @keeps
// CHECK-NOT: "hoisted"
// CHECK-NOT: fovea.initializer
module {
  func.func @keeps(%x: tensor<1x64x64x8xf32> {fovea.name = "x", fovea.role = "input"},
                   %a: tensor<8xf32> {fovea.name = "a", fovea.role = "parameter"},
                   %count: tensor<f32> {fovea.name = "count", fovea.role = "state"})
      -> (tensor<1x64x64x8xf32> {fovea.name = "y"}, tensor<f32> {fovea.name = "count"}) {
    %scaled = fovea.mul %x, %a : (tensor<1x64x64x8xf32>, tensor<8xf32>) -> tensor<1x64x64x8xf32>
    %image = fovea.broadcast %a {shape = array<i64: 1, 64, 64, 8>} : (tensor<8xf32>) -> tensor<1x64x64x8xf32>
    %y = fovea.add %scaled, %image : (tensor<1x64x64x8xf32>, tensor<1x64x64x8xf32>) -> tensor<1x64x64x8xf32>
    %more = fovea.add %count, %count : (tensor<f32>, tensor<f32>) -> tensor<f32>
    return %y, %more : tensor<1x64x64x8xf32>, tensor<f32>
  }
}
