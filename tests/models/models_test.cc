// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "fovea/core/error.h"
#include "fovea/models/registry.h"
#include "fovea/models/summary.h"
#include "fovea/nn/layers.h"
#include "tests/support/refusal.h"

namespace fovea {
namespace {

struct Expected {
  const char* name;
  int64_t parameters, macs;
};

// Counted from the published layer tables by an independent program.
constexpr Expected published[] = {
    // clang-format off
    {"mnist-mlp", 669706, 668672},
    {"mnist-cnn", 3046762, 9491968},
    {"cifar-cnn", 1513514, 21003264},
    {"lenet5", 61706, 416520},
    {"mnist-mlp-demo", 101770, 101632},
    {"mnist-cnn-book", 3489130, 10929664},
    {"cifar-cnn-book", 2431018, 26842112},
    {"cifar-cnn-keras", 1250858, 20741120},
    {"cifar-cnn-pytorch", 62006, 651720},
    {"resnet18", 11689512, 1814073344},
    {"resnet34", 21797672, 3663761408},
    {"resnet50", 25557032, 4089184256},
    {"resnet101", 44549160, 7801405440},
    {"resnet152", 60192808, 11513626624},
    {"resnet50-v1", 25557032, 3857973248},
    {"resnet101-v1", 44549160, 7570194432},
    {"resnet152-v1", 60192808, 11282415616},
    {"resnet50-v2", 25549352, 4089184256},
    {"resnet101-v2", 44541480, 7801405440},
    {"wide-resnet50-2", 68883240, 11398021120},
    {"wide-resnet101-2", 126886696, 22753050624},
    {"resnext50-32x4d", 25028904, 4230479872},
    {"resnet18-cifar", 11173962, 555422720},
    {"resnet34-cifar", 21282122, 1159402496},
    {"resnet50-cifar", 23520842, 1297829888},
    {"resnet20", 269722, 40551040},
    {"resnet32", 464154, 68862592},
    {"resnet44", 658586, 97174144},
    {"resnet56", 853018, 125485696},
    {"resnet110", 1727962, 252887680},
    {"resnet20-b", 272474, 40813184},
    {"resnet32-b", 466906, 69124736},
    {"resnet44-b", 661338, 97436288},
    {"resnet56-b", 855770, 125747840},
    {"resnet110-b", 1730714, 253149824},
    {"wrn-28-10", 36479194, 5243328768},
    {"wrn-16-8", 10961370, 1548145664},
    {"wrn-16-4", 2748890, 392612352},
    {"wrn-40-4", 8949210, 1298582016},
    {"vgg11", 132863336, 7609090048},
    {"vgg13", 133047848, 11308466176},
    {"vgg16", 138357544, 15470264320},
    {"vgg19", 143667240, 19632062464},
    {"vgg11-bn", 132868840, 7609090048},
    {"vgg13-bn", 133053736, 11308466176},
    {"vgg16-bn", 138365992, 15470264320},
    {"vgg19-bn", 143678248, 19632062464},
    {"densenet121", 7978856, 2834161664},
    {"densenet169", 14149480, 3359843328},
    {"xception", 22855952, 8357403496},
    {"squeezenet-1.0", 1248424, 818924576},
    {"squeezenet-1.1", 1235496, 349151936},
    {"mobilenet-v1", 4233001, 568741376},
    {"mobilenet-v2", 3504872, 300774272},
    {"mobilenet-v3-small", 2542856, 56510400},
    {"mobilenet-v3-large", 5483032, 216589760},
    {"mnasnet-0.5", 2218512, 104455968},
    {"mnasnet-1.0", 4383312, 314415872},
    {"mnasnet-a1", 3887038, 311579072},
    {"mnasnet-small", 2030264, 68339184},
    {"efficientnet-b0", 5288548, 385814752},
    {"efficientnet-b1", 7794184, 686802832},
    {"efficientnet-b2", 9109994, 993561872},
    {"efficientnet-b3", 12233232, 1827141392},
    {"efficientnet-b4", 19341616, 4393771024},
    {"efficientnet-b5", 30389784, 10266384752},
    {"efficientnet-b6", 43040704, 19067593536},
    {"efficientnet-b7", 66347960, 37745884192},
    {"efficientnet-edgetpu-s", 5439673, 1788732288},
    {"efficientnet-edgetpu-m", 6900777, 3013322368},
    {"efficientnet-edgetpu-l", 10591249, 7936084384},
    {"efficientnet-lite0", 4652008, 385187552},
    {"efficientnet-lite1", 5416680, 600185232},
    {"efficientnet-lite2", 6092072, 859736272},
    {"efficientnet-lite3", 8197096, 1383321872},
    {"efficientnet-lite4", 13006568, 2553034336},
    {"shufflenet-v2-0.5", 1366792, 40476448},
    {"shufflenet-v2-1.0", 2278604, 144907992},
    {"shufflenet-v2-1.5", 3503624, 295759392},
    {"shufflenet-v2-2.0", 7393996, 583253464},
    {"airbench94", 1971640, 118147360},
    {"efficientnet-b8", 87413142, 62597461568},
    {"efficientnet-l2", 480309308, 475703653280},
    {"alphazero-20", 24008549, 8531829492},
    {"alphazero-40", 47621989, 17048888052},
    {"astronet", 9940193, 126308896},
    {"c3d", 79991015, 38548959232},
    {"voxnet", 921736, 59641600},
    // clang-format on
};

TEST(Models, CountsAreThePublishedOnes) {
  for (const Expected& expected : published) {
    const Summary summary = summarize(make_model(expected.name));
    EXPECT_EQ(summary.parameters, expected.parameters) << expected.name;
    EXPECT_EQ(summary.macs, expected.macs) << expected.name;
  }
  EXPECT_EQ(std::size(published), models().size()) << "a model without a figure to check";
}

TEST(Models, LeNetOfTheOriginalInput) {
  const Summary summary = summarize(make_model("lenet5", {.input = {32, 32, 1}}));
  EXPECT_EQ(summary.parameters, 61706);
  EXPECT_EQ(summary.macs, 416520);
}

TEST(Models, ShapesOfCifarCnn) {
  const Summary summary = summarize(make_model("cifar_cnn"));
  std::vector<std::pair<std::string, Shape>> rows;
  for (const LayerRow& row : summary.layers) rows.emplace_back(row.name, row.output);
  const std::vector<std::pair<std::string, Shape>> expected{
      {"conv1", {32, 32, 32}}, {"conv2", {30, 30, 32}},   {"max_pool1", {15, 15, 32}}, {"conv3", {15, 15, 64}},
      {"conv4", {13, 13, 64}}, {"max_pool2", {6, 6, 64}}, {"flatten1", {2304}},        {"dense1", {512}},
      {"dense2", {512}},       {"dense3", {10}}};
  EXPECT_EQ(rows, expected);
}

TEST(Models, ArgumentsOfTheTrainingStep) {
  const Network network = make_model("mnist-cnn");
  const Traced traced = trace_training(network, 16);
  std::vector<std::string> names;
  for (const Graph::Argument& argument : traced.graph.arguments()) {
    names.push_back(argument.name);
    if (argument.name == "image") {
      EXPECT_EQ(argument.type, (TensorType{{16, 28, 28, 1}, DType::f32}));
    }
    if (argument.name == "label") {
      EXPECT_EQ(argument.type, (TensorType{{16}, DType::i32}));
    }
    if (argument.name == "momentum.conv1.weight") {
      EXPECT_EQ(argument.role, Role::state);
    }
    if (argument.name == "conv1.weight") {
      EXPECT_EQ(argument.role, Role::parameter);
    }
  }
  // Every parameter and momentum comes back under its name.
  std::vector<std::string> results;
  for (const Graph::Result& result : traced.graph.results()) results.push_back(result.name);
  for (const char* layer : {"conv1", "conv2", "dense1", "dense2", "dense3"}) {
    for (const char* leaf : {".weight", ".bias"}) {
      for (const char* kind : {"", "momentum."}) {
        const std::string name = std::string(kind) + layer + leaf;
        EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
        EXPECT_EQ(std::count(results.begin(), results.end(), name), 1) << name;
      }
    }
  }
  EXPECT_EQ(names.size(), 3u + 20u);
  EXPECT_EQ(results.size(), 2u + 20u);
}

TEST(Models, OtherBatchesHaveTheSameParameters) {
  for (const ModelEntry& entry : models()) {
    const Network network = make_model(entry.name);
    const Traced one = trace_inference(network, 1), many = trace_training(network, 3);
    ASSERT_LE(one.parameters.size(), many.parameters.size());
    for (size_t i = 0; i < one.parameters.size(); ++i) {
      EXPECT_EQ(one.parameters[i].name, many.parameters[i].name);
      EXPECT_EQ(one.parameters[i].shape, many.parameters[i].shape);
    }
  }
}

TEST(Models, SoftmaxOnlyWhenAskedFor) {
  const auto count = [](const Traced& traced) {
    const std::string text = traced.graph.text();
    size_t found = 0;
    for (size_t at = text.find("fovea.softmax "); at != std::string::npos; at = text.find("fovea.softmax ", at + 1)) ++found;
    return found;
  };
  const Network network = make_model("mnist-mlp");
  EXPECT_EQ(count(trace_inference(network, 1)), 0u);
  EXPECT_EQ(count(trace_inference(network, 1, Output::probabilities)), 1u);
  EXPECT_EQ(count(trace_training(network, 1)), 0u);
  EXPECT_EQ(count(trace_training(make_model("mnist-mlp", {.doubled_softmax = true}), 1)), 1u);
}

// The smallest batch that batch norm allows everywhere, since the last maps may be single pixels.
TEST(Models, EveryFamilyIsRecordedForTraining) {
  std::set<std::string> seen;
  for (const ModelEntry& entry : models()) {
    if (!seen.insert(entry.family).second) continue;
    const Network network = make_model(entry.name);
    const Traced step = trace_training(network, 2);
    std::vector<std::string> results;
    for (const Graph::Result& result : step.graph.results()) results.push_back(result.name);
    EXPECT_EQ(std::count(results.begin(), results.end(), "loss"), 1) << entry.name;
    for (const ParameterSpec& spec : trace_inference(network, 1).parameters) {
      EXPECT_EQ(std::count(results.begin(), results.end(), spec.name), spec.frozen ? 0 : 1) << entry.name << " " << spec.name;
    }
  }
  EXPECT_EQ(seen.size(), 14u);
}

TEST(Models, SeveralInputsAndResults) {
  const auto names = [](const Traced& traced) {
    std::pair<std::set<std::string>, std::set<std::string>> found;
    for (const Graph::Argument& argument : traced.graph.arguments()) {
      if (argument.role == Role::input) found.first.insert(argument.name + " " + to_string(argument.type.shape));
    }
    for (const Graph::Result& result : traced.graph.results()) found.second.insert(result.name);
    return found;
  };
  using Names = std::set<std::string>;
  const auto [views, logits] = names(trace_inference(make_model("astronet"), 3));
  EXPECT_EQ(views, (Names{"global_view [3, 2001, 1]", "local_view [3, 201, 1]"}));
  EXPECT_EQ(logits, Names{"logits"});
  EXPECT_EQ(names(trace_inference(make_model("astronet"), 3, Output::probabilities)).second, Names{"probabilities"});
  const auto [boards, moves] = names(trace_inference(make_model("alphazero-20", {.input = {9, 9, 17}}), 3));
  EXPECT_EQ(boards, Names{"image [3, 9, 9, 17]"});
  EXPECT_EQ(moves, (Names{"policy", "value"}));
  const Names told = names(trace_training(make_model("alphazero-20", {.input = {9, 9, 17}}), 3)).first;
  EXPECT_EQ(told, (Names{"image [3, 9, 9, 17]", "rate []", "target_policy [3, 82]", "target_value [3, 1]"}));
}

// The names under which weights are published.
TEST(Models, NamesAreThePublishedOnes) {
  const auto has = [](const char* model, std::initializer_list<const char*> wanted) {
    std::set<std::string> names;
    for (const ParameterSpec& spec : trace_inference(make_model(model), 1).parameters) names.insert(spec.name);
    for (const char* name : wanted) EXPECT_TRUE(names.contains(name)) << model << " " << name;
  };
  has("vgg11-bn",
      {"features.0.weight", "features.1.running_var", "features.25.bias", "classifier.0.weight", "classifier.6.bias"});
  has("vgg19", {"features.34.weight", "classifier.3.bias"});
  has("resnet50", {"conv1.weight", "bn1.running_mean", "layer1.0.conv3.weight", "layer1.0.downsample.0.weight",
                   "layer4.2.bn3.bias", "layer2.0.downsample.1.running_var", "fc.bias"});
  has("resnet20", {"conv1.weight", "layer3.2.bn2.weight", "linear.weight"});
  has("densenet121", {"features.conv0.weight", "features.norm0.bias", "features.denseblock4.denselayer16.conv2.weight",
                      "features.transition3.norm.running_mean", "features.norm5.weight", "classifier.bias"});
  has("squeezenet-1.0", {"features.0.bias", "features.3.squeeze.weight", "features.12.expand3x3.bias", "classifier.1.weight"});
  has("squeezenet-1.1",
      {"features.0.bias", "features.4.squeeze.weight", "features.9.expand1x1.bias", "features.12.expand3x3.bias"});
  has("mobilenet-v2", {"features.0.0.weight", "features.1.conv.0.0.weight", "features.1.conv.1.weight",
                       "features.1.conv.2.bias", "features.17.conv.0.1.running_mean", "features.17.conv.1.0.weight",
                       "features.17.conv.2.weight", "features.17.conv.3.weight", "features.18.1.bias", "classifier.1.bias"});
  has("mobilenet-v3-small", {"features.0.0.weight", "features.1.block.0.0.weight", "features.1.block.1.fc1.bias",
                             "features.1.block.2.1.weight", "features.4.block.2.fc2.weight", "features.4.block.3.0.weight",
                             "features.12.1.running_var", "classifier.0.weight", "classifier.3.bias"});
  has("mnasnet-1.0", {"layers.0.weight", "layers.4.bias", "layers.7.running_mean", "layers.8.0.layers.0.weight",
                      "layers.13.0.layers.7.bias", "layers.15.weight", "classifier.1.bias"});
  has("efficientnet-b0",
      {"features.0.0.weight", "features.1.0.block.0.0.weight", "features.1.0.block.1.fc1.weight", "features.1.0.block.2.1.bias",
       "features.6.3.block.2.fc2.bias", "features.6.3.block.3.0.weight", "features.8.1.running_var", "classifier.1.weight"});
  has("efficientnet-lite0",
      {"conv_stem.weight", "bn1.bias", "blocks.0.0.conv_dw.weight", "blocks.0.0.conv_pw.weight", "blocks.0.0.bn2.weight",
       "blocks.6.0.conv_pwl.weight", "blocks.6.0.bn3.running_var", "conv_head.weight", "bn2.weight", "classifier.bias"});
  has("efficientnet-edgetpu-s", {"blocks.0.0.conv_exp.weight", "blocks.0.0.bn1.weight", "blocks.0.0.conv_pwl.weight",
                                 "blocks.0.0.bn2.weight", "blocks.3.0.conv_pw.weight", "blocks.3.0.bn3.weight"});
  has("mnasnet-a1", {"blocks.0.0.conv_dw.weight", "blocks.2.0.se.conv_reduce.bias", "blocks.2.0.se.conv_expand.weight"});
  has("shufflenet-v2-1.0", {"conv1.0.weight", "stage2.0.branch1.0.weight", "stage2.0.branch1.3.weight",
                            "stage4.3.branch2.6.bias", "stage4.3.branch2.4.running_mean", "conv5.1.weight", "fc.bias"});
  has("xception", {"conv1.weight", "block1.rep.0.conv1.weight", "block1.rep.3.pointwise.weight", "block1.skipbn.weight",
                   "block2.rep.1.conv1.weight", "block12.rep.5.bias", "conv4.pointwise.weight", "fc.weight"});
}

TEST(Models, ConventionsAndWidths) {
  const auto graph = [](const char* name, const ModelOptions& options) {
    return trace_inference(make_model(name, options), 1).graph.text();
  };
  // EfficientNet has torchvision's padding and epsilon by default, EdgeTPU the other ones.
  EXPECT_EQ(graph("efficientnet-b0", {}).find("\"same\""), std::string::npos);
  EXPECT_NE(graph("efficientnet-b0", {.convention = Convention::tensorflow}).find("\"same\""), std::string::npos);
  EXPECT_NE(graph("efficientnet-edgetpu-s", {}).find("\"same\""), std::string::npos);
  EXPECT_EQ(graph("efficientnet-edgetpu-s", {.convention = Convention::torch}).find("\"same\""), std::string::npos);
  EXPECT_EQ(summarize(make_model("mobilenet-v2", {.width = 1.4})).parameters, 6108776);
  EXPECT_EQ(summarize(make_model("mobilenet-v2", {.width = 1.4})).macs, 582195824);
  EXPECT_EQ(summarize(make_model("mobilenet-v2", {.classes = 1001})).parameters, 3506153);
  EXPECT_EQ(summarize(make_model("mobilenet-v1", {.width = 0.75})).parameters, 2586329);
  EXPECT_EQ(summarize(make_model("mobilenet-v1", {.width = 0.5})).parameters, 1332105);
  EXPECT_EQ(summarize(make_model("mobilenet-v1", {.width = 0.25})).macs, 41030528);
  EXPECT_EQ(summarize(make_model("mobilenet-v1", {.classes = 1000})).parameters, 4231976);
  EXPECT_EQ(summarize(make_model("efficientnet-edgetpu-l", {.classes = 1000})).parameters, 10589712);
  EXPECT_EQ(summarize(make_model("vgg16", {.classes = 10})).parameters, 134301514);
  EXPECT_EQ(summarize(make_model("c3d", {.classes = 101})).macs, 38547378176);
  EXPECT_EQ(summarize(make_model("voxnet", {.classes = 10})).parameters, 917866);
  // The TPU implementation has a projection in every stage.
  EXPECT_EQ(summarize(make_model("resnet18", {.convention = Convention::tensorflow})).parameters, 11693736);
}

TEST(Models, TooSmallImagesNameTheLayer) {
  const auto refused = [](const char* name, const Shape& input) -> std::string {
    try {
      trace_inference(make_model(name, {.input = input}), 1);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(refused("vgg11", {16, 16, 3}).find("max_pool5"), std::string::npos);
  EXPECT_NE(refused("xception", {5, 5, 3}).find("conv2"), std::string::npos);
  EXPECT_NE(refused("densenet121", {16, 16, 3}).find("features.transition3.avg_pool1"), std::string::npos)
      << refused("densenet121", {16, 16, 3});
  EXPECT_NE(refused("airbench94", {16, 16, 3}).find("max_pool"), std::string::npos);
  EXPECT_NE(refused("c3d", {4, 112, 112, 3}).find("max_pool4"), std::string::npos) << refused("c3d", {4, 112, 112, 3});
}

TEST(Models, OptionsAreChecked) {
  EXPECT_EQ(refusal_of([] { make_model("mnist-cn"); }), "unknown model \"mnist-cn\"; did you mean \"mnist-cnn\"?");
  EXPECT_EQ(refusal_of([] { make_model("mnist-cnn", {.classes = -1}); }), "mnist-cnn: -1 classes, must be at least 1");
  EXPECT_NE(refusal_of([] {
              make_model("mnist-cnn", {.input = {28, 28}});
            }).find("has 2 dimensions, must have 3"),
            std::string::npos);
  EXPECT_NE(refusal_of([] { make_model("mnist-cnn", {.input = {28, 0, 1}}); }).find("extent below 1"), std::string::npos);
  EXPECT_EQ(refusal_of([] { trace_inference(make_model("mnist-cnn"), 0); }), "mnist-cnn: a batch of 0, must be at least 1");
  EXPECT_EQ(refusal_of([] { make_model("mnist-cnn", {.width = 2}); }), "mnist-cnn has no option width");
  EXPECT_EQ(refusal_of([] { make_model("mobilenet-v2", {.width = -1}); }),
            "mobilenet-v2: width is -1, must be above 0 and at most 16");
  EXPECT_EQ(refusal_of([] { make_model("efficientnet-b0", {.dropout = 1.5}); }),
            "efficientnet-b0: dropout is 1.5, must be at least 0 and below 1");
  EXPECT_EQ(refusal_of([] { make_model("astronet", {.classes = 3}); }), "astronet has no option classes");
  EXPECT_NE(refusal_of([] { trace_evaluation(make_model("astronet"), 1); }).find("cannot be evaluated"), std::string::npos);
  // With too small an image, the layer that does not fit is named.
  EXPECT_NE(refusal_of([] {
              trace_inference(make_model("cifar-cnn", {.input = {4, 4, 3}}), 1);
            }).find("conv4"),
            std::string::npos);
  EXPECT_EQ(summarize(make_model("cifar-cnn", {.classes = 100})).parameters, 1513514 + 90 * 513);
}

}  // namespace
}  // namespace fovea
