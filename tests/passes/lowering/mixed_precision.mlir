// RUN: fovea-opt %s -fovea-differentiate -canonicalize -cse -convert-fovea-to-linalg -cse -fovea-mixed-precision | FileCheck %s

// A dense layer and a softmax loss with a step of gradient descent: products of bf16 are summed in f32.
// CHECK-LABEL: @step
func.func @step(%x: tensor<8x6xf32> {fovea.name = "x", fovea.role = "input"},
                %labels: tensor<8xi32> {fovea.name = "labels", fovea.role = "input"},
                %w1: tensor<6x16xf32> {fovea.name = "w1", fovea.role = "parameter"},
                %w2: tensor<16x10xf32> {fovea.name = "w2", fovea.role = "parameter"})
    -> (tensor<f32> {fovea.name = "loss"}, tensor<6x16xf32> {fovea.name = "w1"}) {
  // Filters are rounded once.
  // CHECK-DAG: ins(%arg3 : tensor<16x10xf32>) outs({{.*}} : tensor<16x10xbf16>)
  // CHECK-DAG: ins(%arg2 : tensor<6x16xf32>) outs({{.*}} : tensor<6x16xbf16>)
  // CHECK-DAG: ins(%arg0 : tensor<8x6xf32>) outs({{.*}} : tensor<8x6xbf16>)
  // The first layer's sum is f32, its activation bf16.
  // CHECK: linalg.generic {{.*}} ins({{.*}} : tensor<8x6xbf16>, tensor<6x16xbf16>) outs({{.*}} : tensor<8x16xf32>)
  // CHECK: arith.extf
  // CHECK: arith.extf
  // CHECK: arith.mulf
  // CHECK: arith.addf {{.*}} : f32
  // CHECK: ins({{.*}} : tensor<8x16xf32>) outs({{.*}} : tensor<8x16xbf16>)
  // CHECK: arith.truncf
  %a = fovea.dense %x, %w1 : (tensor<8x6xf32>, tensor<6x16xf32>) -> tensor<8x16xf32>
  // CHECK: ins({{.*}} : tensor<8x16xbf16>) outs({{.*}} : tensor<8x16xbf16>)
  // CHECK: arith.extf
  // CHECK: arith.maximumf {{.*}} : f32
  // CHECK: arith.truncf
  %h = fovea.relu %a : (tensor<8x16xf32>) -> tensor<8x16xf32>
  // Logits are summed along their classes, so they stay f32 like the loss.
  // CHECK: [[LOGITS:%.*]] = linalg.generic {{.*}} ins({{.*}} : tensor<8x16xbf16>, tensor<16x10xbf16>) outs({{.*}} : tensor<8x10xf32>)
  // CHECK-NOT: ins([[LOGITS]] : tensor<8x10xf32>) outs({{.*}}bf16>)
  %logits = fovea.dense %h, %w2 : (tensor<8x16xf32>, tensor<16x10xf32>) -> tensor<8x10xf32>
  %loss = fovea.softmax_cross_entropy %logits, %labels : (tensor<8x10xf32>, tensor<8xi32>) -> tensor<f32>
  // The gradient of a filter is f32, and so is the parameter that it updates.
  // CHECK: [[GRADIENT:%.*]] = linalg.generic {{.*}} ins({{.*}} : tensor<8x6xbf16>, tensor<8x16xbf16>) outs({{.*}} : tensor<6x16xf32>)
  // CHECK: [[NEW:%.*]] = linalg.generic {{.*}} ins(%arg2, [[GRADIENT]] : tensor<6x16xf32>, tensor<6x16xf32>) outs({{.*}} : tensor<6x16xf32>)
  %g = fovea.gradients %loss, %w1 : (tensor<f32>, tensor<6x16xf32>) -> tensor<6x16xf32>
  %new = fovea.sub %w1, %g : (tensor<6x16xf32>, tensor<6x16xf32>) -> tensor<6x16xf32>
  // CHECK: return {{.*}}, [[NEW]] : tensor<f32>, tensor<6x16xf32>
  return %loss, %new : tensor<f32>, tensor<6x16xf32>
}

// Padding and views apply to the bf16 tensor.
// CHECK-LABEL: @padded
func.func @padded(%x: tensor<2x5x5x4xf32> {fovea.name = "x", fovea.role = "input"},
                  %w: tensor<3x3x4x8xf32> {fovea.name = "w", fovea.role = "parameter"}) -> (tensor<2x5x5x8xf32> {fovea.name = "y"}) {
  // CHECK: tensor.pad {{.*}} low[0, 1, 1, 0] high[0, 1, 1, 0]
  // CHECK: tensor<2x5x5x4xbf16> to tensor<2x7x7x4xbf16>
  // CHECK: ins({{.*}} : tensor<2x7x7x4xbf16>, tensor<3x3x4x8xbf16>) outs({{.*}} : tensor<2x5x5x8xf32>)
  %y = fovea.conv %x, %w {padding = "same"} : (tensor<2x5x5x4xf32>, tensor<3x3x4x8xf32>) -> tensor<2x5x5x8xf32>
  // CHECK-NOT: tensor<2x5x5x8xbf16>
  // CHECK: return {{.*}} : tensor<2x5x5x8xf32>
  return %y : tensor<2x5x5x8xf32>
}
