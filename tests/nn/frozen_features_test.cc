// SPDX-License-Identifier: Apache-2.0
// A network cut where its frozen part ends: where that is, and that the two parts together are the whole.
#include "fovea/nn/frozen_features.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fovea/core/random.h"
#include "fovea/inference/predictor.h"
#include "fovea/models/registry.h"
#include "fovea/nn/layers.h"

namespace fovea {
namespace {

Network small(std::function<Value(Value)> function) {
  return {.name = "small", .function = std::move(function), .input = {8, 8, 3}, .classes = 4};
}

Value body(Value image) {
  return image | conv({.filters = 6, .kernel = 3, .name = "conv1"}) | batch_norm({.activation = relu, .name = "bn1"}) |
         conv({.filters = 5, .kernel = 3, .name = "conv2"}) | relu | global_avg_pool();
}

// With dropout before the head, as many have it.
Network with_dropout() {
  return small([](Value image) { return body(image) | dropout({.rate = 0.5}) | dense({.units = 4, .name = "head"}); });
}

Tensor noise(const Shape& shape) {
  Tensor tensor(shape, DType::f32);
  Random random(3, 1);
  for (float& value : tensor.values<float>()) value = random.normal();
  return tensor;
}

// The answers of the whole, and of the one part to what the other makes.
void expect_same(const Network& network, const FrozenCut& cut) {
  ThreadPool threads(1);
  TensorMap tensors = initial_tensors(trace_inference(network, 1), 5);
  Shape shape = network.input;
  shape.insert(shape.begin(), 3);
  const Tensor images = noise(shape);
  Predictor whole(network, tensors), head(head_of(network, cut), tensors), features(features_of(network, cut), tensors);
  const Tensor wanted = whole.predict(images, threads).clone();
  const Tensor between = features.run({{"image", images}}, threads).result("features").clone();
  Shape found(between.shape().begin() + 1, between.shape().end());
  EXPECT_EQ(found, cut.features);
  const Tensor& answer = head.predict(between, threads);
  ASSERT_EQ(answer.shape(), wanted.shape());
  for (int64_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(answer.data<float>()[i], wanted.data<float>()[i], 1e-4);
}

TEST(FrozenFeatures, EndBeforeDropout) {
  const auto cut = frozen_cut(with_dropout(), all_but_head(with_dropout()));
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->features, (Shape{5}));
  expect_same(with_dropout(), *cut);
}

TEST(FrozenFeatures, EndBeforeTheFirstTrainedLayer) {
  const auto cut = frozen_cut(with_dropout(), {"conv1.*", "bn1.*"});
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->features, (Shape{6, 6, 6}));
  expect_same(with_dropout(), *cut);
}

// A norm whose scale is trained goes by the batch: nothing from it on is a function of one image.
TEST(FrozenFeatures, ANormOfTheBatchEndsThem) {
  const auto cut = frozen_cut(with_dropout(), {"conv*", "bn1.bias"});
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->features, (Shape{6, 6, 6}));  // of conv1
}

TEST(FrozenFeatures, NoneWhereTheFirstLayerIsTrained) {
  EXPECT_FALSE(frozen_cut(with_dropout(), {}).has_value());
  EXPECT_FALSE(frozen_cut(with_dropout(), {"conv2.*", "bn1.*"}).has_value());
}

// What is added later on from before the cut would be missing.
TEST(FrozenFeatures, AShortcutHoldsTheCutBack) {
  const Network residual = small([](Value image) {
    const Value x = image | conv({.filters = 4, .kernel = 3, .padding = same, .name = "conv1"}) | relu;
    const Value y = x | conv({.filters = 4, .kernel = 3, .padding = same, .name = "conv2"}) | relu;
    const Value z = y | conv({.filters = 4, .kernel = 3, .padding = same, .name = "conv3"});
    return (z + x) | global_avg_pool() | dense({.units = 4, .name = "head"});
  });
  const auto before = frozen_cut(residual, {"conv1.*", "conv2.*"});
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(before->features, (Shape{8, 8, 4}));
  expect_same(residual, *before);  // after conv1: y and x both go on
  const auto after = frozen_cut(residual, {"conv*"});
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->features, (Shape{4}));
  expect_same(residual, *after);
}

// A dense layer on a flattened map keeps its order of features for PyTorch.
TEST(FrozenFeatures, TheHeadKnowsHowItsFeaturesWereFlattened) {
  const Network flat = small([](Value image) {
    return image | conv({.filters = 4, .kernel = 3, .name = "conv1"}) | flatten() | dense({.units = 4, .name = "head"});
  });
  const auto cut = frozen_cut(flat, {"conv1.*"});
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->features, (Shape{144}));
  const auto maps = [](const Network& network) {
    const std::vector<ParameterSpec> specs = trace_inference(network, 1).parameters;
    return std::ranges::find(specs, "head.weight", &ParameterSpec::name)->maps;
  };
  EXPECT_EQ(maps(head_of(flat, *cut)), maps(flat));
}

// The training step of the head has the head's kernels alone.
TEST(FrozenFeatures, TheStepOfTheHeadComputesNothingElse) {
  const Network network = with_dropout();
  const auto cut = frozen_cut(network, all_but_head(network));
  const TrainingOptions options{.frozen = all_but_head(network)};
  const Traced whole = trace_training(network, 8, options), head = trace_training(head_of(network, *cut), 8, options);
  Session whole_session(whole.graph, {}), head_session(head.graph, {});
  EXPECT_LT(head_session.report().kernels, whole_session.report().kernels);
  EXPECT_LT(head_session.flops(), 8 * 2 * 3 * (5 * 4 + 1) + 1);
}

TEST(FrozenFeatures, OfNetworksOfTheZoo) {
  const auto features = [](const char* name, const ModelOptions& options = {}) {
    const Network network = make_model(name, options);
    const auto cut = frozen_cut(network, all_but_head(network));
    return cut ? cut->features : Shape{};
  };
  EXPECT_EQ(features("mobilenet-v2"), (Shape{1280}));
  EXPECT_EQ(features("mobilenet-v3-small"), (Shape{1024}));
  EXPECT_EQ(features("resnet18"), (Shape{512}));
  EXPECT_EQ(features("efficientnet-b0", {.drop_connect = 0.0}), (Shape{1280}));
  EXPECT_EQ(features("efficientnet-b0"), (Shape{56, 56, 24}));  // what stands before the first branch that is dropped at random
  EXPECT_EQ(features("densenet121"), (Shape{1024}));
  EXPECT_EQ(features("vgg11"), (Shape{4096}));
}

TEST(FrozenFeatures, TheScalesOfNorms) {
  EXPECT_EQ(norm_scales(with_dropout()), (std::vector<std::string>{"bn1.weight"}));
  EXPECT_EQ(norm_scales(make_model("mobilenet-v2")).size(), 52u);
}

}  // namespace
}  // namespace fovea
