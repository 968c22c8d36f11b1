// SPDX-License-Identifier: Apache-2.0
// Trains a perceptron on handwritten digits: example_mnist_mlp [mnist:DIR | digits]
#include <fmt/format.h>

#include "fovea/fovea.h"

using namespace fovea;

Value mnist_mlp(Value image) {  // [batch, 28, 28, 1] -> [batch, 10]
  return image | flatten() | dense({.units = 512, .activation = relu}) | dense({.units = 512, .activation = relu}) |
         dense({.units = 10});
}

int main(int count, char** words) try {
  const std::string spec = count > 1 ? words[1] : "digits";
  const Network network{.name = "mnist-mlp", .function = mnist_mlp, .input = {28, 28, 1}, .classes = 10};

  // Forward pass, loss, backward pass and update become one graph, and one program of machine code.
  const Traced traced = trace_training(network, 128, {.optimizer = sgd({.momentum = 0.9})});
  TensorMap tensors = initial_tensors(traced, 1);
  Session session(traced.graph, tensors);
  session.argument("rate").data<float>()[0] = 0.05f;

  ThreadPool threads(ThreadPool::available());
  Loader loader(open_dataset(spec, Split::train), {.batch = 128, .shuffle = true, .drop_last = true});
  Predictor predictor(network, tensors);
  for (int epoch = 1; epoch <= 5; ++epoch) {
    double loss = 0;
    for (int64_t i = 0; i < loader.batches_per_epoch(); ++i) {
      const Batch& batch = loader.next();
      session.bind("image", batch.image);
      session.bind("label", batch.label);
      session.run(threads);
      loss += session.result("loss").data<float>()[0];
    }
    Progress progress(true);
    const Metrics metrics = evaluate(predictor, open_dataset(spec, Split::test), 500, threads, progress);
    fmt::print("epoch {}: loss {:.4f}, {:.2f}% of the test images right\n", epoch,
               loss / static_cast<double>(loader.batches_per_epoch()), 100 * metrics.top1());
  }
  return 0;
} catch (const Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
