// SPDX-License-Identifier: Apache-2.0
// fake_quantize against integers computed one by one, and its straight-through gradient.
#include <gtest/gtest.h>

#include <cmath>

#include "fovea/codegen/driver/compile.h"
#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

Tensor uniform(const Shape& shape, uint64_t stream, double low, double high) {
  Random random(11, stream);
  Tensor tensor(shape, DType::f32);
  for (float& value : tensor.values<float>()) value = static_cast<float>(low + (high - low) * random.uniform());
  return tensor;
}

// The value and, by straight-through, the gradient of the sum of weights * value.
struct Answer {
  Tensor value, gradient;
};

Answer compiled(const Tensor& x, const Tensor& minimum, const Tensor& maximum, const Tensor& weights, int64_t least) {
  Graph graph;
  std::vector<Ref> refs;
  const std::vector<Tensor> arguments = {x, minimum, maximum, weights};
  for (size_t i = 0; i < arguments.size(); ++i) {
    refs.push_back(graph.argument("argument" + std::to_string(i), {arguments[i].shape(), DType::f32}, Role::input));
  }
  const Ref value = graph.add("fake_quantize", {refs[0], refs[1], refs[2]}, {{"least", least}}, "layer")[0];
  std::vector<int64_t> dims;
  for (size_t i = 0; i < x.shape().size(); ++i) dims.push_back(static_cast<int64_t>(i));
  const Ref loss = graph.add("reduce_sum", {graph.add("mul", {value, refs[3]}, {}, "")[0]}, {{"dims", dims}}, "")[0];
  const Ref gradient = graph.add("gradients", {loss, refs[0]}, {}, "")[0];
  graph.finish({{"value", value}, {"gradient", gradient}});
  Program program = compile(graph);
  ThreadPool threads(1);
  std::vector<Tensor> inputs = arguments;
  std::vector<Tensor*> pointers;
  for (Tensor& tensor : inputs) pointers.push_back(&tensor);
  Answer answer{Tensor(x.shape(), DType::f32), Tensor(x.shape(), DType::f32)};
  program.run(pointers, {&answer.value, &answer.gradient}, threads);
  return answer;
}

void expect_integers(const Shape& shape, const Tensor& minimum, const Tensor& maximum, int64_t least) {
  const Tensor x = uniform(shape, 1, -2, 2), weights = uniform(shape, 2, -1, 1);
  const Answer answer = compiled(x, minimum, maximum, weights, least);
  int64_t outside = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t channel = minimum.size() == 1 ? 0 : i % minimum.size();
    const double low = minimum.data<float>()[channel], high = maximum.data<float>()[channel];
    const double scale = (high - low) / static_cast<double>(127 - least);
    const double zero = std::clamp(std::nearbyint(static_cast<double>(least) - low / scale), static_cast<double>(least), 127.0);
    const double steps = x.data<float>()[i] / scale, integer = std::nearbyint(steps) + zero;
    const double first = static_cast<double>(least) - zero, last = 127 - zero;  // of the range, in steps
    if (std::abs(std::abs(steps - std::floor(steps)) - 0.5) < 1e-3) continue;   // f32 may round a tie the other way
    EXPECT_NEAR(answer.value.data<float>()[i], (std::clamp<double>(integer, static_cast<double>(least), 127) - zero) * scale,
                1e-5);
    if (std::min(std::abs(steps - first), std::abs(steps - last)) < 1e-3) continue;
    const bool inside = steps > first && steps < last;
    EXPECT_EQ(answer.gradient.data<float>()[i], inside ? weights.data<float>()[i] : 0) << x.data<float>()[i];
    outside += inside ? 0 : 1;
  }
  EXPECT_GT(outside, 0);
  EXPECT_LT(outside, x.size());
}

TEST(FakeQuantize, OneRange) {
  for (const auto& [low, high] : {std::pair(-1.0F, 1.5F), {0.0F, 1.0F}, {-0.7F, 0.0F}}) {
    expect_integers({3, 131}, Tensor::of<float>({}, {low}), Tensor::of<float>({}, {high}), -128);
  }
}

TEST(FakeQuantize, ARangeForEachChannel) {
  const Tensor high = Tensor::of<float>({5}, {0.25F, 1, 0.5F, 1.75F, 0.125F});
  Tensor low = high.clone();
  for (float& value : low.values<float>()) value = -value;
  expect_integers({7, 3, 5}, low, high, -127);
}

TEST(FakeQuantize, ZeroStaysZeroAndAnEmptyRangeIsZero) {
  const Tensor x = Tensor::of<float>({4}, {0, 0.3F, -5, 1}), weights = uniform({4}, 1, -1, 1);
  EXPECT_EQ(compiled(x, Tensor::of<float>({}, {-0.37F}), Tensor::of<float>({}, {0.91F}), weights, -128).value.data<float>()[0],
            0);
  const Answer empty = compiled(x, Tensor::of<float>({}, {0}), Tensor::of<float>({}, {0}), weights, -128);
  for (const float value : empty.value.values<float>()) EXPECT_EQ(value, 0);
}

TEST(FakeQuantize, RefusesWhatDoesNotFit) {
  Graph graph;
  const Ref x = graph.argument("x", {{2, 3}, DType::f32}, Role::input),
            two = graph.argument("two", {{2}, DType::f32}, Role::input);
  EXPECT_THROW(graph.add("fake_quantize", {x, two, two}, {}, "layer"), Error);
  EXPECT_THROW(graph.add("fake_quantize", {x, x, x}, {{"least", int64_t{127}}}, "layer"), Error);
}

}  // namespace
}  // namespace fovea
