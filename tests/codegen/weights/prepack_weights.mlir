// RUN: fovea-opt %s --convert-fovea-to-linalg --cse --fovea-hoist-constants --fovea-fuse "--fovea-prepack-weights=triple=x86_64-linux-gnu cpu=haswell" | FileCheck %s

// A parameter that a kernel's tiles read as a panel is packed by the initializer, with zeros past the last column; the kernel sees it as
// it was. What the run itself gives, and what one tile of columns reads in order, stay.
// CHECK: func.func @main(%{{.*}}: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %{{.*}}: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}, %[[V:.*]]: tensor<64x40xf32> {fovea.name = "v", fovea.role = "input"}, %[[N:.*]]: tensor<64x8xf32> {fovea.name = "n", fovea.role = "parameter"}, %[[PACKED:.*]]: tensor<3x64x16xf32> {fovea.name = "hoisted.0", fovea.role = "hoisted"})
// CHECK-DAG: call @{{.*}}(%{{.*}}, %[[PACKED]]) : (tensor<37x64xf32>, tensor<3x64x16xf32>) -> tensor<37x40xf32>
// CHECK-DAG: call @{{.*}}(%{{.*}}, %[[V]]) : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
// CHECK-DAG: call @{{.*}}(%{{.*}}, %[[N]]) : (tensor<37x64xf32>, tensor<64x8xf32>) -> tensor<37x8xf32>
// CHECK: func.func @main_initializer(%[[W:.*]]: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<3x64x16xf32> {fovea.name = "hoisted.0"})
// CHECK: call @pack(%[[W]])
// CHECK: builtin.unrealized_conversion_cast %{{.*}} : tensor<3x64x16xf32> to tensor<64x40xf32>
// CHECK: func.func private @pack(
// CHECK: tensor.pad %{{.*}} low[0, 0] high[0, 8]
func.func @main(%x: tensor<37x64xf32> {fovea.name = "x", fovea.role = "input"}, %w: tensor<64x40xf32> {fovea.name = "w", fovea.role = "parameter"}, %v: tensor<64x40xf32> {fovea.name = "v", fovea.role = "input"}, %n: tensor<64x8xf32> {fovea.name = "n", fovea.role = "parameter"}) -> (tensor<37x40xf32> {fovea.name = "y"}, tensor<37x40xf32> {fovea.name = "z"}, tensor<37x8xf32> {fovea.name = "t"}) {
  %0 = fovea.dense %x, %w : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  %1 = fovea.dense %x, %v : (tensor<37x64xf32>, tensor<64x40xf32>) -> tensor<37x40xf32>
  %2 = fovea.exp %1 : (tensor<37x40xf32>) -> tensor<37x40xf32>
  %3 = fovea.dense %x, %n : (tensor<37x64xf32>, tensor<64x8xf32>) -> tensor<37x8xf32>
  return %0, %2, %3 : tensor<37x40xf32>, tensor<37x40xf32>, tensor<37x8xf32>
}
