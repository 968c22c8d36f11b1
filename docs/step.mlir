// The same layer with a loss and one step of gradient descent.
func.func @step(%image: tensor<1x8x8x4xf32> {fovea.name = "image", fovea.role = "input"},
                %rate: tensor<f32> {fovea.name = "rate", fovea.role = "input"},
                %weight: tensor<3x3x4x8xf32> {fovea.name = "conv1.weight", fovea.role = "parameter"},
                %bias: tensor<8xf32> {fovea.name = "conv1.bias", fovea.role = "parameter"})
    -> (tensor<f32> {fovea.name = "loss"}, tensor<3x3x4x8xf32> {fovea.name = "conv1.weight"}, tensor<8xf32> {fovea.name = "conv1.bias"}) {
  %0 = fovea.conv %image, %weight {padding = "same"} : (tensor<1x8x8x4xf32>, tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32> loc("conv1")
  %1 = fovea.add %0, %bias : (tensor<1x8x8x8xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32> loc("conv1")
  %2 = fovea.relu %1 : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> loc("conv1")
  %square = fovea.mul %2, %2 : (tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %loss = fovea.reduce_sum %square {dims = array<i64: 0, 1, 2, 3>} : (tensor<1x8x8x8xf32>) -> tensor<f32>
  %g:2 = fovea.gradients %loss, %weight, %bias : (tensor<f32>, tensor<3x3x4x8xf32>, tensor<8xf32>) -> (tensor<3x3x4x8xf32>, tensor<8xf32>)
  %3 = fovea.mul %g#0, %rate : (tensor<3x3x4x8xf32>, tensor<f32>) -> tensor<3x3x4x8xf32>
  %4 = fovea.sub %weight, %3 : (tensor<3x3x4x8xf32>, tensor<3x3x4x8xf32>) -> tensor<3x3x4x8xf32>
  %5 = fovea.mul %g#1, %rate : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %6 = fovea.sub %bias, %5 : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %loss, %4, %6 : tensor<f32>, tensor<3x3x4x8xf32>, tensor<8xf32>
}
