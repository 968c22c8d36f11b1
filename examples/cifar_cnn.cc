// SPDX-License-Identifier: Apache-2.0
// Trains four convolutions on CIFAR-10, with flipped and shifted images and a falling learning rate: example_cifar_cnn
// cifar10:DIR
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "fovea/fovea.h"

using namespace fovea;

Value cifar_cnn(Value image) {  // [batch, 32, 32, 3] -> [batch, 10]
  const auto stage = [](int filters) {
    return conv({.filters = filters, .kernel = 3, .padding = same, .activation = relu}) |
           conv({.filters = filters, .kernel = 3, .padding = valid, .activation = relu}) | max_pool({.window = 2});
  };
  return image | stage(32) | stage(64) | flatten() | dense({.units = 512, .activation = relu}) |
         dense({.units = 512, .activation = relu}) | dense({.units = 10});
}

int main(int count, char** words) try {
  if (count < 2) refuse("which data? example_cifar_cnn cifar10:DIR");
  const Network network{.name = "cifar-cnn", .function = cifar_cnn, .input = {32, 32, 3}, .classes = 10};
  const Traced traced = trace_training(network, 128, {.optimizer = sgd({.nesterov = true, .weight_decay = 5e-4})});
  TensorMap tensors = initial_tensors(traced, 1);
  Session session(traced.graph, tensors);
  ThreadPool threads(ThreadPool::available());
  const Augmentation changed{.flip = true, .shift = 4};
  Loader loader(open_dataset(words[1], Split::train), {.shuffle = true, .drop_last = true, .augmentation = changed});
  Predictor predictor(network, tensors);
  const int epochs = 15;
  for (int64_t step = 0, last = epochs * loader.batches_per_epoch(); step < last;) {
    const Batch& batch = loader.next();
    session.bind("image", batch.image);
    session.bind("label", batch.label);
    const double done = static_cast<double>(step) / static_cast<double>(last);
    session.argument("rate").data<float>()[0] = static_cast<float>(0.025 * (1 + std::cos(std::numbers::pi * done)));
    session.run(threads);
    if (++step % loader.batches_per_epoch() != 0) continue;
    Progress progress(true);
    const Metrics metrics = evaluate(predictor, open_dataset(words[1], Split::test), 500, threads, progress);
    fmt::print("epoch {}: {:.2f}% of the test images right\n", step / loader.batches_per_epoch(), 100 * metrics.top1());
  }
  return 0;
} catch (const Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
