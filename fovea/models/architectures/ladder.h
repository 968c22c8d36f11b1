// SPDX-License-Identifier: Apache-2.0
// The first networks, in the order one learns them: a perceptron and a convolutional network for handwritten digits, a deeper
// one for CIFAR-10, and their forerunner LeNet-5. Logits [batch, classes] of images [batch, height, width, channels].
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"
#include "fovea/nn/value.h"

namespace fovea {

Value mnist_mlp(Value image, int64_t classes = 10);
Value mnist_cnn(Value image, int64_t classes = 10);
Value cifar_cnn(Value image, int64_t classes = 10);
Value lenet5(Value image, int64_t classes = 10);  // LeCun et al. 1998, with relu

// Relatives: the same author's later book keeps every convolution's size; the demonstrations the networks grew out of.
Value mnist_cnn_book(Value image, int64_t classes = 10);
Value cifar_cnn_book(Value image, int64_t classes = 10);
Value mnist_mlp_demo(Value image, int64_t classes = 10);     // 784-128-10 with dropout
Value cifar_cnn_keras(Value image, int64_t classes = 10);    // Keras' example, with dropout
Value cifar_cnn_pytorch(Value image, int64_t classes = 10);  // PyTorch's tutorial

std::vector<ModelEntry> ladder_models();

}  // namespace fovea
