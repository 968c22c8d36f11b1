// SPDX-License-Identifier: Apache-2.0
// Constant hoisting as networks see it: what is computed before the run from parameters alone.
#include "fovea/inference/predictor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "fovea/models/registry.h"
#include "tests/support/noise.h"

namespace fovea {
namespace {

void expect_close(const Tensor& value, const Tensor& wanted) {
  double largest = 0, error = 0;
  for (int64_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::abs(double{wanted.data<float>()[i]}));
    error = std::max(error, std::abs(double{wanted.data<float>()[i]} - value.data<float>()[i]));
  }
  EXPECT_LT(error, 2e-5 * std::max(largest, 1e-3));
}

Tensor unprepared(const Network& network, const TensorMap& tensors, const Tensor& image, ThreadPool& threads) {
  Session session(trace_inference(network, image.shape()[0]).graph, tensors);
  EXPECT_EQ(session.program().plan().initializer, nullptr);
  session.bind("image", image);
  session.run(threads);
  return session.result("logits").clone();
}

TEST(Predictor, AnswersWithTheValuesItIsToldOf) {
  const Network network = make_model("resnet20");
  TensorMap tensors = initial_tensors(trace_inference(network, 1), 1);
  const Tensor image = normal_noise({1, 32, 32, 3}, 3, 1);
  ThreadPool threads(2);
  Predictor predictor(network, tensors);
  const Tensor first = predictor.predict(image, threads).clone();
  EXPECT_NE(predictor.session(1).program().plan().initializer, nullptr);
  expect_close(first, unprepared(network, tensors, image, threads));

  for (auto& [name, tensor] : tensors)
    for (float& value : tensor.values<float>()) value = 1.25F * value + 0.01F;
  predictor.values_changed();
  const Tensor second = predictor.predict(image, threads).clone();
  expect_close(second, unprepared(network, tensors, image, threads));
  EXPECT_GT(std::abs(first.data<float>()[0] - second.data<float>()[0]), 1e-3);
}

TEST(Predictor, EqualBitsForAnyNumberOfThreads) {
  const Network network = make_model("resnet20");
  const TensorMap tensors = initial_tensors(trace_inference(network, 1), 1);
  const Tensor image = normal_noise({1, 32, 32, 3}, 3, 1);
  Tensor one;
  for (const int count : {1, 2, 3}) {
    ThreadPool threads(count);
    Predictor predictor(network, tensors);
    const Tensor answer = predictor.predict(image, threads).clone();
    if (count == 1) one = answer;
    EXPECT_EQ(std::memcmp(one.raw(), answer.raw(), one.bytes()), 0);
  }
}

}  // namespace
}  // namespace fovea
