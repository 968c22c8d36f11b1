// RUN: fovea-opt %s --fovea-emit-gpu --canonicalize --cse | FileCheck %s

// A maximum over a padded window: a place outside of the image is read as its first element and replaced by the padding.
// CHECK: %[[LEAST:.*]] = arith.constant 0xFF800000 : f32
// CHECK: scf.for
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %{{.*}}, %c8
// CHECK: %[[PLACE:.*]] = arith.select %[[INSIDE]], %{{.*}}, %c0
// CHECK: %[[OWN:.*]] = arith.addi %[[PLACE]], %{{.*}}
// CHECK: %[[PIXEL:.*]] = memref.load %{{.*}}[%[[OWN]]]
// CHECK: arith.select %[[INSIDE]], %[[PIXEL]], %[[LEAST]]
func.func private @pool(%x: tensor<8xf32>) -> tensor<4xf32> attributes {fovea.kernel} {
  %least = arith.constant 0xFF800000 : f32
  %padded = tensor.pad %x low[1] high[0] {
  ^bb0(%i: index):
    tensor.yield %least : f32
  } : tensor<8xf32> to tensor<9xf32>
  %window = tensor.empty() : tensor<3xf32>
  %empty = tensor.empty() : tensor<4xf32>
  %start = linalg.fill ins(%least : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m * 2 + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%padded, %window : tensor<9xf32>, tensor<3xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%a: f32, %unused: f32, %most: f32):
    %s = arith.maximumf %most, %a : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}
