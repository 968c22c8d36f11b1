// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/introductory.h"

#include "fovea/nn/layers.h"

namespace fovea {

Value mnist_mlp(Value image, int64_t classes) {
  return image | flatten() | dense({.units = 512, .activation = relu}) | dense({.units = 512, .activation = relu}) |
         dense({.units = classes});
}

Value mnist_cnn(Value image, int64_t classes) {
  return image | conv({.filters = 32, .kernel = 3, .padding = same, .activation = relu}) |
         conv({.filters = 32, .kernel = 3, .padding = valid, .activation = relu}) | max_pool({.window = 2}) | flatten() |
         dense({.units = 512, .activation = relu}) | dense({.units = 512, .activation = relu}) | dense({.units = classes});
}

Value cifar_cnn(Value image, int64_t classes) {
  const auto stage = [](int64_t filters) {
    return conv({.filters = filters, .kernel = 3, .padding = same, .activation = relu}) |
           conv({.filters = filters, .kernel = 3, .padding = valid, .activation = relu}) | max_pool({.window = 2});
  };
  return image | stage(32) | stage(64) | flatten() | dense({.units = 512, .activation = relu}) |
         dense({.units = 512, .activation = relu}) | dense({.units = classes});
}

Value lenet5(Value image, int64_t classes) {
  const Padding first = image.extent(1) == 32 ? valid : same;  // digits of 28 pixels are padded to the 32 of the paper
  return image | conv({.filters = 6, .kernel = 5, .padding = first, .activation = relu}) | avg_pool({.window = 2}) |
         conv({.filters = 16, .kernel = 5, .padding = valid, .activation = relu}) | avg_pool({.window = 2}) | flatten() |
         dense({.units = 120, .activation = relu}) | dense({.units = 84, .activation = relu}) | dense({.units = classes});
}

Value mnist_cnn_book(Value image, int64_t classes) {
  return image | conv({.filters = 32, .kernel = 3, .padding = same, .activation = relu}) |
         conv({.filters = 32, .kernel = 3, .padding = same, .activation = relu}) | max_pool({.window = 2}) | flatten() |
         dense({.units = 512, .activation = relu}) | dense({.units = 512, .activation = relu}) | dense({.units = classes});
}

Value cifar_cnn_book(Value image, int64_t classes) {
  const auto stage = [](int64_t filters) {
    return conv({.filters = filters, .kernel = 3, .padding = same, .activation = relu}) |
           conv({.filters = filters, .kernel = 3, .padding = same, .activation = relu}) | max_pool({.window = 2});
  };
  return image | stage(32) | stage(64) | flatten() | dense({.units = 512, .activation = relu}) |
         dense({.units = 512, .activation = relu}) | dense({.units = classes});
}

Value mnist_mlp_demo(Value image, int64_t classes) {
  return image | flatten() | dense({.units = 128, .activation = relu}) | dropout({.rate = 0.2}) | dense({.units = classes});
}

Value cifar_cnn_keras(Value image, int64_t classes) {
  const auto stage = [](int64_t filters) {
    return conv({.filters = filters, .kernel = 3, .padding = same, .activation = relu}) |
           conv({.filters = filters, .kernel = 3, .padding = valid, .activation = relu}) | max_pool({.window = 2}) |
           dropout({.rate = 0.25});
  };
  return image | stage(32) | stage(64) | flatten() | dense({.units = 512, .activation = relu}) | dropout({.rate = 0.5}) |
         dense({.units = classes});
}

Value cifar_cnn_pytorch(Value image, int64_t classes) {
  return image | conv({.filters = 6, .kernel = 5, .activation = relu}) | max_pool({.window = 2}) |
         conv({.filters = 16, .kernel = 5, .activation = relu}) | max_pool({.window = 2}) | flatten() |
         dense({.units = 120, .activation = relu}) | dense({.units = 84, .activation = relu}) | dense({.units = classes});
}

std::vector<ModelEntry> introductory_models() {
  const auto of = [](Value (*function)(Value image, int64_t classes)) {
    return [function](Value image, const ModelOptions& options) { return function(image, options.classes); };
  };
  return {
      {"mnist-mlp", "introductory", "perceptron with two hidden layers of 512", {28, 28, 1}, 10, of(mnist_mlp)},
      {"mnist-cnn", "introductory", "two convolutions, two dense layers", {28, 28, 1}, 10, of(mnist_cnn)},
      {"cifar-cnn", "introductory", "four convolutions, two dense layers", {32, 32, 3}, 10, of(cifar_cnn)},
      {"lenet5", "introductory", "LeCun et al. 1998, with relu", {28, 28, 1}, 10, of(lenet5)},
      {"mnist-mlp-demo", "introductory", "784-128-10 with dropout", {28, 28, 1}, 10, of(mnist_mlp_demo)},
      {"mnist-cnn-book", "introductory", "mnist-cnn, both convolutions same", {28, 28, 1}, 10, of(mnist_cnn_book)},
      {"cifar-cnn-book", "introductory", "cifar-cnn, all convolutions same", {32, 32, 3}, 10, of(cifar_cnn_book)},
      {"cifar-cnn-keras",
       "introductory",
       "cifar-cnn with dropout and one dense layer of 512",
       {32, 32, 3},
       10,
       of(cifar_cnn_keras)},
      {"cifar-cnn-pytorch", "introductory", "two 5x5 convolutions, three dense layers", {32, 32, 3}, 10, of(cifar_cnn_pytorch)},
  };
}

}  // namespace fovea
