// A convolution 3x3 from 4 channels to 8, with bias and relu, on 8 x 8 pixels: the layer that docs/stages.md follows.
func.func @layer(%image: tensor<1x8x8x4xf32> {fovea.name = "image", fovea.role = "input"},
                 %weight: tensor<3x3x4x8xf32> {fovea.name = "conv1.weight", fovea.role = "parameter"},
                 %bias: tensor<8xf32> {fovea.name = "conv1.bias", fovea.role = "parameter"}) -> (tensor<1x8x8x8xf32> {fovea.name = "output"}) {
  %0 = fovea.conv %image, %weight {padding = "same"} : (tensor<1x8x8x4xf32>, tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32> loc("conv1")
  %1 = fovea.add %0, %bias : (tensor<1x8x8x8xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32> loc("conv1")
  %2 = fovea.relu %1 : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> loc("conv1")
  return %2 : tensor<1x8x8x8xf32>
}
