// SPDX-License-Identifier: Apache-2.0
// Records a network, compiles it and runs it, with nothing but the installed headers and libraries.
#include <fovea/codegen/driver/compile.h>
#include <fovea/fovea.h>
#include <fovea/inference/session.h>
#include <fovea/runtime/thread_pool.h>

#include <cstdio>

int main() {
  using namespace fovea;
  const Network network = {.name = "consumer",
                           .function =
                               [](Value image) {
                                 return image | conv({.filters = 4, .kernel = 3, .padding = same, .activation = relu}) |
                                        flatten() | dense({.units = 3});
                               },
                           .input = {6, 6, 2},
                           .classes = 3};
  const Traced traced = trace_inference(network, 2, Output::probabilities);
  const std::vector<Tensor> values = initial_values(traced, 1);
  TensorMap tensors;
  for (size_t i = 0; i < values.size(); ++i) tensors[traced.parameters[i].name] = values[i];
  Session session(traced.graph, tensors, {.inference = true});
  for (float& pixel : session.argument("image").values<float>()) pixel = 0.5F;
  ThreadPool threads(1);
  session.run(threads);
  float sum = 0;
  for (const float share : session.result("probabilities").values<float>()) sum += share;
  std::printf("%.3f\n", sum);
  return sum > 1.999F && sum < 2.001F ? 0 : 1;
}
