// RUN: fovea-opt %s -split-input-file -verify-diagnostics
// Errors name the operator (and the layer, if a location has a name: graph_test.cc), and say what is wrong and what would be
// right.

func.func @larger_than_input(%x: tensor<1x5x5x64xf32>, %w: tensor<7x7x64x64xf32>) {
  // expected-error @below {{conv: filter 7x7 is larger than its padded input 5x5 (input [1, 5, 5, 64], padding valid)}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.conv %x, %w : (tensor<1x5x5x64xf32>, tensor<7x7x64x64xf32>) -> tensor<1x1x1x64xf32>
  return
}

// -----

func.func @channels(%x: tensor<1x5x5x3xf32>, %w: tensor<3x3x4x8xf32>) {
  // expected-error @below {{conv: filter [3, 3, 4, 8] is for 4 input channels, the image [1, 5, 5, 3] has 3}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.conv %x, %w : (tensor<1x5x5x3xf32>, tensor<3x3x4x8xf32>) -> tensor<1x3x3x8xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x5x5x3xf32>, %w: tensor<3x3x1x8xf32>) {
  // expected-error @below {{conv: groups 3 must divide its 3 input channels and its 8 filters}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.conv %x, %w {groups = 3 : i64} : (tensor<1x5x5x3xf32>, tensor<3x3x1x8xf32>) -> tensor<1x3x3x8xf32>
  return
}

// -----

func.func @padding_name(%x: tensor<1x5x5x3xf32>) {
  // expected-error @below {{max_pool: unknown padding "full"; it is "valid", "same" or [before, after] of each spatial dimension}}
  // expected-error @below {{failed to infer returned types}}
  %y:2 = fovea.max_pool %x {window = array<i64: 2, 2>, padding = "full"} : (tensor<1x5x5x3xf32>) -> (tensor<1x2x2x3xf32>, tensor<1x2x2x3xi32>)
  return
}

// -----

func.func @stride(%x: tensor<1x5x5x3xf32>) {
  // expected-error @below {{avg_pool: strides [0, 1] must be at least 1}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.avg_pool %x {window = array<i64: 2, 2>, strides = array<i64: 0, 1>} : (tensor<1x5x5x3xf32>) -> tensor<1x2x2x3xf32>
  return
}

// -----

func.func @result_type(%x: tensor<4x3xf32>) {
  // expected-error @below {{op inferred type(s) 'tensor<4x3xf32>' are incompatible with return type(s) of operation 'tensor<4x4xf32>'}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.relu %x : (tensor<4x3xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @dense(%x: tensor<4x784xf32>, %w: tensor<512x10xf32>) {
  // expected-error @below {{dense: weight [512, 10] must be [in, out] with in = 784 (input [4, 784])}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.dense %x, %w : (tensor<4x784xf32>, tensor<512x10xf32>) -> tensor<4x10xf32>
  return
}

// -----

func.func @broadcast(%x: tensor<4x3xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{add: shapes [4, 3] and [4] do not broadcast: aligned at the last dimension, sizes must be equal or 1}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.add %x, %b : (tensor<4x3xf32>, tensor<4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @missing(%x: tensor<1x5x5x3xf32>) {
  // expected-error @below {{'fovea.max_pool' op requires attribute 'window'}}
  %y:2 = fovea.max_pool %x : (tensor<1x5x5x3xf32>) -> (tensor<1x2x2x3xf32>, tensor<1x2x2x3xi32>)
  return
}

// -----

func.func @overflow(%x: tensor<4x5xf32>) {
  // expected-error @below {{reshape: shape [4611686018427387904, 4, 5] does not hold the 20 elements of [4, 5]}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.reshape %x {shape = array<i64: 4611686018427387904, 4, 5>} : (tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @order(%x: tensor<4x5xf32>) {
  // expected-error @below {{transpose: permutation [0, 2] must name each dimension of [4, 5] once}}
  // expected-error @below {{failed to infer returned types}}
  %y = fovea.transpose %x {permutation = array<i64: 0, 2>} : (tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @loss(%x: tensor<4xf32>) {
  // expected-error @below {{gradients: the loss [4] must be a scalar; take its mean or sum}}
  %g = fovea.gradients %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// expected-error @below {{fovea.role must be "input", "parameter" or "state", on an argument}}
func.func @role(%x: tensor<4xf32> {fovea.role = "weight"}) {
  return
}
