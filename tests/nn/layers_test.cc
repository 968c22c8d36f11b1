// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/layers.h"

#include <gtest/gtest.h>

#include "fovea/nn/recorder.h"
#include "tests/support/refusal.h"

namespace fovea {
namespace {

// A graph with one input to record layers into.
class Layers : public ::testing::Test {
 protected:
  Value image(Shape shape) { return recorder.input("image" + std::to_string(images++), {std::move(shape), DType::f32}); }
  Shape parameter(const std::string& name) { return recorder.value_of(name).shape(); }
  std::vector<std::string> names() {
    std::vector<std::string> result;
    for (const ParameterSpec& spec : recorder.parameters()) result.push_back(spec.name);
    return result;
  }

  Recorder recorder{"test"};
  int images = 0;
};

TEST_F(Layers, ConvolutionTakesOneTwoAndThreeDimensions) {
  EXPECT_EQ((image({2, 9, 3}) | conv({.filters = 4, .kernel = 3})).shape(), (Shape{2, 7, 4}));
  EXPECT_EQ((image({2, 9, 8, 3}) | conv({.filters = 4, .kernel = {3, 5}, .padding = same})).shape(), (Shape{2, 9, 8, 4}));
  EXPECT_EQ((image({2, 9, 8, 7, 3}) | conv({.filters = 4, .kernel = 3, .stride = 2, .padding = 1})).shape(),
            (Shape{2, 5, 4, 4, 4}));
  EXPECT_EQ(parameter("conv1.weight"), (Shape{3, 3, 4}));
  EXPECT_EQ(parameter("conv2.weight"), (Shape{3, 5, 3, 4}));
  EXPECT_EQ(parameter("conv3.weight"), (Shape{3, 3, 3, 3, 4}));
  EXPECT_EQ(parameter("conv3.bias"), (Shape{4}));
}

TEST_F(Layers, ConvolutionSizes) {
  const Value x = image({1, 11, 12, 6});
  EXPECT_EQ((x | conv({.filters = 4, .kernel = 3, .stride = 2, .padding = same})).shape(), (Shape{1, 6, 6, 4}));
  EXPECT_EQ((x | conv({.filters = 4, .kernel = 3, .dilation = 2})).shape(), (Shape{1, 7, 8, 4}));
  EXPECT_EQ((x | conv({.filters = 4, .kernel = 3, .padding = {{0, 1}, {2, 3}}})).shape(), (Shape{1, 10, 15, 4}));
  EXPECT_EQ((x | conv({.filters = 4, .kernel = 3, .groups = 2, .bias = false, .name = "grouped"})).shape(),
            (Shape{1, 9, 10, 4}));
  EXPECT_EQ(parameter("grouped.weight"), (Shape{3, 3, 3, 4}));
  EXPECT_EQ((x | depthwise_conv({.kernel = 3, .stride = 2, .multiplier = 2, .name = "depthwise"})).shape(),
            (Shape{1, 5, 5, 12}));
  EXPECT_EQ(parameter("depthwise.weight"), (Shape{3, 3, 1, 12}));
  EXPECT_EQ((x | transposed_conv({.filters = 5, .kernel = 3, .stride = 2, .padding = same})).shape(), (Shape{1, 22, 24, 5}));
  EXPECT_EQ((x | transposed_conv({.filters = 5, .kernel = 2, .stride = 2})).shape(), (Shape{1, 22, 24, 5}));
  EXPECT_EQ(parameter("transposed_conv1.weight"), (Shape{3, 3, 5, 6}));
}

TEST_F(Layers, PoolingAndShapes) {
  const Value x = image({2, 15, 13, 6});
  EXPECT_EQ((x | max_pool({.window = 2})).shape(), (Shape{2, 7, 6, 6}));
  EXPECT_EQ((x | max_pool({.window = 3, .stride = 2, .padding = 1})).shape(), (Shape{2, 8, 7, 6}));
  EXPECT_EQ((x | avg_pool({.window = {15, 13}})).shape(), (Shape{2, 1, 1, 6}));
  EXPECT_EQ((x | global_avg_pool()).shape(), (Shape{2, 6}));
  EXPECT_EQ((x | global_max_pool()).shape(), (Shape{2, 6}));
  EXPECT_EQ((x | flatten()).shape(), (Shape{2, 15 * 13 * 6}));
  EXPECT_EQ((x | reshape({15, -1})).shape(), (Shape{2, 15, 78}));
  EXPECT_EQ((x | pad({.padding = {{1, 2}, {0, 3}}})).shape(), (Shape{2, 18, 16, 6}));
  EXPECT_EQ(concat({x, x, x}).shape(), (Shape{2, 15, 13, 18}));
  EXPECT_EQ(concat({x, x}, 1).shape(), (Shape{2, 30, 13, 6}));
  EXPECT_EQ((image({4, 7, 6}) | dense({.units = 9})).shape(), (Shape{4, 7, 9}));
}

TEST_F(Layers, ActivationsKeepTheShape) {
  const Value x = image({2, 3, 3, 6});
  for (const Activation& activation :
       {linear, relu, relu6, leaky_relu(0.2), swish, hard_swish, gelu, sigmoid, hard_sigmoid, fovea::tanh, softmax}) {
    EXPECT_EQ((x | activation).shape(), x.shape());
  }
}

TEST_F(Layers, NamesCountByKindAndScopesNest) {
  const Layer block =
      conv({.filters = 3, .kernel = 3, .padding = same}) | relu | conv({.filters = 3, .kernel = 3, .padding = same});
  const Layer residual([&](Value x) { return x + (x | block); });
  image({1, 4, 4, 3}) | conv({.filters = 3}) | scope("layer1", scope("0", residual)) |
      scope("layer1.1", conv({.filters = 2, .name = "project"})) | flatten() | dense({.units = 2}) |
      dense({.units = 2, .name = "fc"});
  EXPECT_EQ(names(),
            (std::vector<std::string>{"conv1.weight", "conv1.bias", "layer1.0.conv1.weight", "layer1.0.conv1.bias",
                                      "layer1.0.conv2.weight", "layer1.0.conv2.bias", "layer1.1.project.weight",
                                      "layer1.1.project.bias", "dense1.weight", "dense1.bias", "fc.weight", "fc.bias"}));
}

TEST_F(Layers, TheSameLayerSharesItsParameters) {
  const Layer shared = dense({.units = 8});
  const Layer copy = shared;
  image({2, 8}) | shared | copy | dense({.units = 8}) | shared;
  EXPECT_EQ(names(), (std::vector<std::string>{"dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"}));
}

TEST_F(Layers, TheSameScopeSharesWhatItsFunctionMakes) {
  const Layer tower =
      scope("tower", [](Value x) { return x | dense({.units = 4}) | relu | dense({.units = 4, .name = "out"}); });
  const Value a = image({2, 4}) | tower, b = image({2, 4}) | tower;
  EXPECT_EQ((a - b).shape(), (Shape{2, 4}));
  EXPECT_EQ(names(),
            (std::vector<std::string>{"tower.dense1.weight", "tower.dense1.bias", "tower.out.weight", "tower.out.bias"}));
}

TEST_F(Layers, ArithmeticBroadcasts) {
  const Value x = image({2, 3, 4}), channels = image({4}), column = image({2, 3, 1});
  EXPECT_EQ((x + channels).shape(), x.shape());
  EXPECT_EQ((column * channels).shape(), x.shape());
  EXPECT_EQ((1 - x / 2 + 3 * x - -x).shape(), x.shape());
}

TEST_F(Layers, RefusesImpossibleOptionsByName) {
  const Value x = image({1, 5, 5, 64}), flat = image({1, 64});
  const auto message = [&](Value input, const Layer& layer) { return refusal_of([&] { input | layer; }); };
  EXPECT_EQ(message(x, conv({.kernel = 3, .name = "stem"})), "conv \"stem\": filters is 0, must be at least 1");
  EXPECT_EQ(message(x, conv({.filters = 8, .kernel = {3, 3, 3}, .name = "a"})),
            "conv \"a\": kernel has 3 numbers, must have one, or one for each of the 2 spatial dimensions");
  EXPECT_EQ(message(x, conv({.filters = 8, .kernel = 3, .stride = 0, .name = "b"})),
            "conv \"b\": stride is 0, must be at least 1");
  EXPECT_EQ(message(x, conv({.filters = 8, .groups = 3, .name = "c"})),
            "conv \"c\": groups is 3, must divide both the 64 input channels and the 8 filters");
  EXPECT_EQ(message(x, conv({.filters = 8, .kernel = 3, .padding = -1, .name = "d"})),
            "conv \"d\": padding is -1, -1, must not be negative");
  EXPECT_EQ(message(flat, conv({.filters = 8, .name = "e"})),
            "conv \"e\": the input [1, 64] must be [batch, spatial..., channels] with 1 to 3 spatial dimensions");
  EXPECT_EQ(message(flat, dense({.units = -2, .name = "f"})), "dense \"f\": units is -2, must be at least 1");
  EXPECT_EQ(message(x, max_pool({.window = 0})), "max_pool \"max_pool1\": window is 0, must be at least 1");
  EXPECT_NE(message(x, pad({.padding = same})).find("padding must be numbers"), std::string::npos);
  // The filter does not fit: the operator's own check names the layer.
  EXPECT_NE(message(x, scope("layer1.0", conv({.filters = 8, .kernel = 7}))).find("layer1.0.conv1"), std::string::npos);
}

TEST_F(Layers, RefusesMisuseOfNames) {
  const Value x = image({1, 8});
  x | dense({.units = 3, .name = "fc"});
  EXPECT_EQ(refusal_of([&] { x | dense({.units = 3, .name = "fc"}); }),
            "dense \"fc\": another layer has this name; name them apart, or use one layer twice to share its parameters");
  const Layer shared = dense({.units = 5, .name = "shared"});
  EXPECT_EQ(refusal_of([&] { x | shared | shared; }),
            "\"shared.weight\" is [8, 5] and would have to be [5, 5] where the layer is used again");
  EXPECT_EQ(refusal_of([] { Value() + Value(); }), "a Value was used before anything was assigned to it");
  Recorder other("other");
  EXPECT_NE(refusal_of([&] { x + other.input("image", {{1, 8}, DType::f32}); }).find("two graphs"), std::string::npos);
}

}  // namespace
}  // namespace fovea
