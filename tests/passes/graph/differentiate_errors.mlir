// RUN: fovea-opt %s -fovea-differentiate -verify-diagnostics

func.func @no_gradient(%dy: tensor<1x1x1x1xf32>, %tap: tensor<1x1x1x1xi32>) -> tensor<1x1x1x1xf32> {
  // expected-error @below {{max_pool_gradient: this operator has no gradient}}
  %0 = fovea.max_pool_gradient %dy, %tap {input_size = array<i64: 2, 2>, window = array<i64: 2, 2>} : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32>) -> tensor<1x2x2x1xf32>
  %loss = fovea.reduce_sum %0 {dims = array<i64: 0, 1, 2, 3>} : (tensor<1x2x2x1xf32>) -> tensor<f32>
  %g = fovea.gradients %loss, %dy : (tensor<f32>, tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  return %g : tensor<1x1x1x1xf32>
}
