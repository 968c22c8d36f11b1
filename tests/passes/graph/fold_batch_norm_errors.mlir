// RUN: fovea-opt %s --pass-pipeline='builtin.module(func.func(fovea-fold-batch-norm{by-value=true}))' -verify-diagnostics

func.func @unknown(%x: tensor<3x2xf32>, %v: tensor<2xf32> {fovea.role = "input"}) -> tensor<3x2xf32> {
  // expected-error @below {{batch_norm: its parameters are not known before the run}}
  %z = fovea.batch_norm %x, %v, %v, %v, %v : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}
