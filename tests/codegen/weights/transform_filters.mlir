// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-hoist-constants --fovea-fuse "--fovea-transform-filters=triple=x86_64-linux-gnu cpu=haswell winograd=4" | FileCheck %s --check-prefixes=CHECK,FOUR
// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-hoist-constants --fovea-fuse "--fovea-transform-filters=triple=x86_64-linux-gnu cpu=haswell winograd=never" | FileCheck %s --check-prefixes=CHECK,NEVER
// RUN: not fovea-opt %s --convert-fovea-to-linalg --cse --fovea-hoist-constants --fovea-fuse "--fovea-transform-filters=triple=x86_64-linux-gnu cpu=haswell winograd=3" 2>&1 | FileCheck %s --check-prefix=REFUSED

// A filter that is known before the run comes transformed, 36 numbers for each of its 9: [tiles of columns][numbers][channels][columns].
// REFUSED: error: {{.*}}Winograd{{.*}}"3"
// FOUR: func.func @main({{.*}}%[[F:.*]]: tensor<2x36x16x16xf32> {fovea.name = "hoisted.0", fovea.role = "hoisted"})
// FOUR: call @{{.*}}(%{{.*}}, %[[F]])
// FOUR: func.func @main_initializer
// FOUR: arith.constant dense<{{.*}}> : tensor<36x3x3xf32>
// FOUR: call @transform_filter
// FOUR: attributes {fovea.kernel, fovea.winograd = 4 : i64}
// NEVER-NOT: hoisted
// NEVER-NOT: fovea.winograd

// A step of two pixels, and a filter that the run gives, stay; so does everything where it is not asked for.
// CHECK-NOT: fovea.winograd
// FOUR: func.func private @transform_filter
// CHECK-NOT: fovea.winograd
func.func @main(%x: tensor<1x14x14x16xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<3x3x16x32xf32> {fovea.name = "w", fovea.role = "parameter"}, %s: tensor<3x3x16x48xf32> {fovea.name = "s", fovea.role = "parameter"}, %v: tensor<3x3x16x64xf32> {fovea.name = "v", fovea.role = "input"}) -> (tensor<1x14x14x32xf32> {fovea.name = "y"}, tensor<1x7x7x48xf32> {fovea.name = "z"}, tensor<1x14x14x64xf32> {fovea.name = "t"}) {
  %0 = fovea.conv %x, %w {padding = "same"} : (tensor<1x14x14x16xf32>, tensor<3x3x16x32xf32>) -> tensor<1x14x14x32xf32>
  %1 = fovea.conv %x, %s {padding = "same", strides = array<i64: 2, 2>} : (tensor<1x14x14x16xf32>, tensor<3x3x16x48xf32>) -> tensor<1x7x7x48xf32>
  %2 = fovea.conv %x, %v {padding = "same"} : (tensor<1x14x14x16xf32>, tensor<3x3x16x64xf32>) -> tensor<1x14x14x64xf32>
  return %0, %1, %2 : tensor<1x14x14x32xf32>, tensor<1x7x7x48xf32>, tensor<1x14x14x64xf32>
}
