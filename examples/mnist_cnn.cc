// SPDX-License-Identifier: Apache-2.0
// Trains a small convolutional network on handwritten digits and saves it: example_mnist_cnn [mnist:DIR | digits]
#include <fmt/format.h>

#include "fovea/fovea.h"
#include "fovea/interchange/safetensors.h"

using namespace fovea;

Value mnist_cnn(Value image) {  // [batch, 28, 28, 1] -> [batch, 10]
  return image | conv({.filters = 32, .kernel = 3, .padding = same, .activation = relu}) |
         conv({.filters = 32, .kernel = 3, .padding = valid, .activation = relu}) | max_pool({.window = 2}) | flatten() |
         dense({.units = 512, .activation = relu}) | dense({.units = 512, .activation = relu}) | dense({.units = 10});
}

int main(int count, char** words) try {
  const std::string spec = count > 1 ? words[1] : "digits";
  const Network network{.name = "mnist-cnn", .function = mnist_cnn, .input = {28, 28, 1}, .classes = 10};
  const Traced traced = trace_training(network, 128, {.optimizer = adamw({.weight_decay = 0.01})});
  TensorMap tensors = initial_tensors(traced, 1);
  Session session(traced.graph, tensors);
  session.argument("rate").data<float>()[0] = 0.001f;

  ThreadPool threads(ThreadPool::available());
  Loader loader(open_dataset(spec, Split::train), {.batch = 128, .shuffle = true, .drop_last = true});
  Predictor predictor(network, tensors);
  for (int epoch = 1; epoch <= 3; ++epoch) {
    int64_t correct = 0;
    for (int64_t i = 0; i < loader.batches_per_epoch(); ++i) {
      const Batch& batch = loader.next();
      session.bind("image", batch.image);
      session.bind("label", batch.label);
      session.run(threads);
      correct += session.result("correct").data<int32_t>()[0];
    }
    Progress progress(true);
    const Metrics metrics = evaluate(predictor, open_dataset(spec, Split::test), 500, threads, progress);
    fmt::print("epoch {}: {:.2f}% of the training images right, {:.2f}% of the test images\n", epoch,
               100 * static_cast<double>(correct) / static_cast<double>(loader.images_per_epoch()), 100 * metrics.top1());
  }
  write_safetensors("mnist_cnn.safetensors", {.tensors = tensors});
  return 0;
} catch (const Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
