// SPDX-License-Identifier: Apache-2.0
/// \file
/// The networks of introductions to the field, in the order in which one learns them: a perceptron and a convolutional network
/// for handwritten digits, a deeper one for CIFAR-10, and their predecessor LeNet-5. All take images [batch, height, width,
/// channels] and return logits [batch, classes].
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"
#include "fovea/nn/value.h"

namespace fovea {

/// 784-512-512-10 with relu.
Value mnist_mlp(Value image, int64_t classes = 10);
/// Two convolutions, a pool and three dense layers.
Value mnist_cnn(Value image, int64_t classes = 10);
/// Four convolutions in two stages, and three dense layers.
Value cifar_cnn(Value image, int64_t classes = 10);
Value lenet5(Value image, int64_t classes = 10);  ///< LeCun et al. 1998, with relu.

/// Like mnist_cnn, with padding that keeps the size in both convolutions, from a later book by the same author.
Value mnist_cnn_book(Value image, int64_t classes = 10);
/// The same for CIFAR-10.
Value cifar_cnn_book(Value image, int64_t classes = 10);
Value mnist_mlp_demo(Value image, int64_t classes = 10);     ///< 784-128-10 with dropout, from a tutorial.
Value cifar_cnn_keras(Value image, int64_t classes = 10);    ///< The example of Keras, with dropout.
Value cifar_cnn_pytorch(Value image, int64_t classes = 10);  ///< The tutorial of PyTorch.

/// The entries of this family in the registry.
std::vector<ModelEntry> introductory_models();

}  // namespace fovea
