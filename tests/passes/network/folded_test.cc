// SPDX-License-Identifier: Apache-2.0
// Folding keeps the function, and fused layers contain every operator once.
#include "fovea/passes/network/folded.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "fovea/passes/network/fused_layers.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

// Random values for all tensors, with positive variances.
std::map<std::string, Tensor> random_tensors(const Traced& traced) {
  std::map<std::string, Tensor> tensors;
  for (const ParameterSpec& spec : traced.parameters) {
    Random random(7, hash_of(spec.name));
    Tensor tensor(spec.shape, DType::f32);
    const bool positive = spec.name.ends_with("running_var");
    for (float& value : tensor.values<float>()) {
      value = static_cast<float>(positive ? 0.1 + random.uniform() : 2 * random.uniform() - 1);
    }
    tensors[spec.name] = tensor;
  }
  return tensors;
}

InferenceModel model_of(const Network& network, int64_t batch) {
  Traced traced = trace_inference(network, batch);
  std::map<std::string, Tensor> tensors = random_tensors(traced);
  return {.name = network.name, .graph = std::move(traced.graph), .tensors = std::move(tensors)};
}

Tensor run(const InferenceModel& model, const Tensor& image) {
  Compiled compiled(model.graph);
  for (const auto& [name, tensor] : model.tensors) compiled.tensors.at(name) = tensor;
  compiled.tensors.at("image") = image;
  compiled.run();
  return compiled.outputs.at("logits");
}

void expect_same_function(const InferenceModel& a, const InferenceModel& b, const Shape& shape) {
  Random random(3, 1);
  Tensor image(shape, DType::f32);
  for (float& value : image.values<float>()) value = static_cast<float>(random.uniform());
  const Tensor left = run(a, image), right = run(b, image);
  double largest = 0;
  for (const float value : left.values<float>()) largest = std::max<double>(largest, std::abs(value));
  for (int64_t i = 0; i < left.size(); ++i) EXPECT_NEAR(left.data<float>()[i], right.data<float>()[i], 1e-5 * largest);
}

int count(const InferenceModel& model, const std::string& op) {
  int found = 0;
  for (const Graph::Node& node : model.graph.nodes()) found += node.op == op;
  return found;
}

// A norm after a bias, a depthwise one, one whose input an addition reads, too, pre-activation, and scaled logits.
Network awkward_network() {
  return {.name = "awkward",
          .function =
              [](Value x) {
                x = x | conv({.filters = 6, .kernel = 3, .padding = same, .bias = true}) | batch_norm({.activation = relu6});
                const Value branch = x | depthwise_conv({.kernel = 3, .padding = same, .bias = false}) | batch_norm();
                const Value sum = branch + x;
                Value y = sum | batch_norm({.activation = relu}) | conv({.filters = 5, .kernel = 1, .bias = false});
                const Value twice = y | relu;
                y = y + twice;  // two operators read the convolution's own result
                y = y | flatten() | dense({.units = 7}) | batch_norm({.scale = false});
                return (2.0 - y) / 3.0 * 0.5;
              },
          .input = {6, 5, 3},
          .classes = 7};
}

TEST(Folding, KeepsTheFunction) {
  const InferenceModel model = model_of(awkward_network(), 3);
  for (const bool convolutions : {false, true}) {
    const InferenceModel plain = folded(model, {.norms_as_convolutions = convolutions});
    EXPECT_EQ(count(plain, "batch_norm"), 0);
    EXPECT_EQ(count(plain, "constant"), 0);
    EXPECT_EQ(count(plain, "mul"), convolutions ? 0 : 1);  // of the norm before the last convolution
    for (const Graph::Argument& argument : plain.graph.arguments()) EXPECT_NE(argument.role, Role::state);
    expect_same_function(model, plain, {3, 6, 5, 3});
  }
}

TEST(Folding, NamesStay) {
  const InferenceModel plain = folded(model_of(awkward_network(), 1));
  for (const char* name : {"conv1.weight", "conv1.bias", "depthwise_conv1.weight", "depthwise_conv1.bias", "dense1.bias"}) {
    EXPECT_TRUE(plain.tensors.contains(name)) << name;
  }
}

TEST(Folding, ALayerUsedTwiceIsFoldedTwice) {
  const Network network = {.name = "twice",
                           .function =
                               [](Value x) {
                                 const Layer shared = conv({.filters = 3, .kernel = 3, .padding = same, .bias = false});
                                 x = x | shared | batch_norm({.activation = relu});
                                 return x | shared | batch_norm() | global_avg_pool();
                               },
                           .input = {5, 5, 3},
                           .classes = 3};
  const InferenceModel model = model_of(network, 2);
  expect_same_function(model, folded(model), {2, 5, 5, 3});
}

TEST(FusedLayers, TakeBiasAndActivationWhereNobodyElseReads) {
  const InferenceModel plain = folded(model_of(awkward_network(), 1), {.norms_as_convolutions = true});
  const std::vector<FusedLayer> layers = fused_layers(plain.graph);
  std::vector<std::string> text;
  for (const FusedLayer& layer : layers) {
    text.push_back(layer.node.op + (layer.has_bias() ? "+bias" : "") +
                   (layer.activation == "none" ? "" : "+" + layer.activation));
  }
  const std::vector<std::string> expected = {"conv+bias+relu6", "conv+bias", "add", "conv+bias+relu", "conv", "relu", "add",
                                             "reshape",         "dense+bias"};
  EXPECT_EQ(text, expected);
  EXPECT_EQ(layers.back().output, plain.graph.results()[0].value);
}

}  // namespace
}  // namespace fovea
