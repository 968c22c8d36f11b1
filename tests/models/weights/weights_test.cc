// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/weights/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "fovea/core/error.h"
#include "fovea/models/registry.h"
#include "fovea/models/weights/weight_names.h"
#include "fovea/nn/layers.h"

namespace fovea {
namespace {

using testing::HasSubstr;
using TensorMap = std::map<std::string, Tensor>;

// Two groups of channels, a map of 2 x 3 pixels and 4 channels that is flattened, and a classifier.
Network small_network(int64_t classes) {
  return {.name = "small",
          .function =
              [classes](Value image) {
                return image | conv({.filters = 4, .kernel = {2, 1}, .groups = 2, .name = "conv"}) |
                       batch_norm({.name = "bn"}) | flatten() | dropout({.rate = 0.5}) | relu |
                       dense({.units = 5, .name = "hidden"}) | dense({.units = classes, .name = "head"});
              },
          .input = {3, 3, 6},
          .classes = classes};
}

Tensor numbered(const Shape& shape) {
  Tensor tensor(shape, DType::f32);
  std::iota(tensor.data<float>(), tensor.data<float>() + tensor.size(), 0.0f);
  return tensor;
}

TensorMap published(int64_t classes) {
  return {{"conv.weight", numbered({4, 3, 2, 1})},
          {"conv.bias", numbered({4})},
          {"bn.weight", numbered({4})},
          {"bn.bias", numbered({4})},
          {"bn.running_mean", numbered({4})},
          {"bn.running_var", numbered({4})},
          {"hidden.weight", numbered({5, 24})},
          {"hidden.bias", numbered({5})},
          {"head.weight", numbered({classes, 5})},
          {"head.bias", numbered({classes})}};
}

WeightFile file_of(TensorMap tensors, const std::string& format = "pt") {
  return {.path = "file", .tensors = std::move(tensors), .metadata = {{"format", format}}};
}

std::string failure(const Network& network, const WeightFile& file) {
  try {
    load_weights(network, file);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Weights, FiltersAndDenseWeightsChangeTheirOrder) {
  const TensorMap file = published(3), loaded = load_weights(small_network(3), file_of(file)).tensors;
  const Tensor &theirs = file.at("conv.weight"), &ours = loaded.at("conv.weight");
  ASSERT_EQ(ours.shape(), (Shape{2, 1, 3, 4}));
  for (int64_t out = 0; out < 4; ++out) {
    for (int64_t in = 0; in < 3; ++in) {
      for (int64_t tap = 0; tap < 2; ++tap) {
        EXPECT_EQ(ours.data<float>()[(tap * 3 + in) * 4 + out], theirs.data<float>()[(out * 3 + in) * 2 + tap]);
      }
    }
  }
  EXPECT_EQ(loaded.at("head.weight").data<float>()[2 * 3 + 1], file.at("head.weight").data<float>()[1 * 5 + 2]);
}

TEST(Weights, TheFirstDenseLayerReadsFlattenedMapsChannelsFirst) {
  const TensorMap file = published(3), loaded = load_weights(small_network(3), file_of(file)).tensors;
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t column = 0; column < 3; ++column) {
      for (int64_t channel = 0; channel < 4; ++channel) {
        const int64_t ours = (row * 3 + column) * 4 + channel, theirs = (channel * 2 + row) * 3 + column;
        EXPECT_EQ(loaded.at("hidden.weight").data<float>()[ours * 5 + 4],
                  file.at("hidden.weight").data<float>()[4 * 24 + theirs]);
      }
    }
  }
}

TEST(Weights, JoinedMapsAreReorderedOneByOne) {
  const Network network{
      .name = "joined",
      .function =
          [](Value image) {
            const Value pooled = image | max_pool({.window = 2, .stride = 1}) | flatten();
            return concat({image | flatten(), pooled, image | global_avg_pool()}) | dense({.units = 2, .name = "head"});
          },
      .input = {2, 2, 3},
      .classes = 2};
  const TensorMap file{{"head.weight", numbered({2, 18})}, {"head.bias", numbered({2})}};
  const float* ours = load_weights(network, file_of(file)).tensors.at("head.weight").data<float>();
  // Our feature 4 is pixel 1, channel 1 of the first map, which is PyTorch's 1 * 4 + 1. The map of one pixel and the means are
  // the same.
  EXPECT_EQ(ours[4 * 2], 5);
  for (int64_t feature = 12; feature < 18; ++feature) EXPECT_EQ(ours[feature * 2], static_cast<float>(feature));
}

TEST(Weights, WhatIsWrittenIsWhatWasRead) {
  const Network network = small_network(3);
  const TensorMap file = published(3);
  const TensorMap again = published_weights(network, load_weights(network, file_of(file)).tensors);
  ASSERT_EQ(again.size(), file.size());
  for (const auto& [name, tensor] : file) {
    ASSERT_EQ(again.at(name).shape(), tensor.shape()) << name;
    EXPECT_TRUE(std::ranges::equal(again.at(name).values<float>(), tensor.values<float>())) << name;
  }
}

TEST(Weights, OurOwnLayoutIsToldByTheMetadata) {
  const Network network = small_network(3);
  TensorMap ours = load_weights(network, file_of(published(3))).tensors;
  ours["momentum.conv.weight"] = numbered({1});
  const TensorMap loaded = load_weights(network, file_of(ours, "fovea")).tensors;
  EXPECT_TRUE(std::ranges::equal(loaded.at("hidden.weight").values<float>(), ours.at("hidden.weight").values<float>()));
  EXPECT_FALSE(loaded.contains("momentum.conv.weight"));
  EXPECT_THAT(failure(network, file_of(ours, "pt")), HasSubstr("the network has no momentum.conv.weight"));
  EXPECT_THAT(failure(network, file_of(ours, "flax")), HasSubstr("calls the format \"flax\""));
  EXPECT_EQ(load_weights(network, {.path = "file", .tensors = published(3)}).tensors.size(),
            10U);  // torch's writer sets no format
}

TEST(Weights, HalvesAreWidenedAndOtherTypesRefused) {
  const auto halves = [](DType dtype, std::initializer_list<uint16_t> bits) {
    Tensor tensor({static_cast<int64_t>(bits.size())}, dtype);
    std::copy(bits.begin(), bits.end(), reinterpret_cast<uint16_t*>(tensor.raw()));
    return tensor;
  };
  TensorMap file = published(3);
  file["bn.bias"] = halves(DType::f16, {0x3c00, 0xc100, 0x0001, 0x7bff});     // 1, -2.5, the smallest, the largest
  file["conv.bias"] = halves(DType::bf16, {0x3f80, 0xc020, 0x0001, 0x4049});  // 1, -2.5, the smallest, about pi
  file["bn.num_batches_tracked"] = Tensor({}, DType::i64);
  const TensorMap loaded = load_weights(small_network(3), file_of(file)).tensors;
  EXPECT_THAT(loaded.at("bn.bias").values<float>(), testing::ElementsAre(1.0f, -2.5f, 0x1p-24f, 65504.0f));
  EXPECT_THAT(loaded.at("conv.bias").values<float>(), testing::ElementsAre(1.0f, -2.5f, 0x1p-133f, 3.140625f));
  EXPECT_FALSE(loaded.contains("bn.num_batches_tracked"));
  file["bn.bias"] = Tensor({4}, DType::i32);
  EXPECT_EQ(failure(small_network(3), file_of(file)), "file: tensor \"bn.bias\" holds i32; weights are f32, f64, f16 or bf16");
}

TEST(Weights, MisfitsAreNamedInOneLine) {
  TensorMap file = published(3);
  file.erase("conv.bias");
  for (const char* name : {"fc1.weight", "fc2.weight", "fc3.weight", "fc4.weight"}) file[name] = numbered({1});
  file["hidden.weight"] = numbered({5, 23});
  EXPECT_EQ(
      failure(small_network(3), file_of(file)),
      "file: not the weights of small: it lacks conv.bias; the network has no fc1.weight, fc2.weight, fc3.weight and 1 more; "
      "the shape is wrong of hidden.weight, [5, 23] for [5, 24]");
}

TEST(Weights, TheBackgroundIsDroppedAndNeverInvented) {
  const TensorMap file = published(1001);
  const LoadedWeights loaded = load_weights(small_network(1000), file_of(file));
  EXPECT_EQ(loaded.tensors.at("head.bias").data<float>()[0], 1);
  EXPECT_EQ(loaded.tensors.at("head.weight").data<float>()[3 * 1000 + 7], file.at("head.weight").data<float>()[8 * 5 + 3]);
  EXPECT_THAT(loaded.remark, HasSubstr("of its 1001 classes the first, the background, is dropped"));
  EXPECT_THAT(failure(small_network(1001), file_of(published(1000))), HasSubstr("no row for class 0, the background"));
  const TensorMap ours = load_weights(small_network(1001), file_of(file)).tensors;
  const TensorMap dropped = load_weights(small_network(1000), file_of(ours, "fovea")).tensors;
  EXPECT_TRUE(std::ranges::equal(dropped.at("head.weight").values<float>(), loaded.tensors.at("head.weight").values<float>()));
}

TEST(Weights, AHeadForOtherClassesStartsAnewOnlyWhenAsked) {
  EXPECT_THAT(failure(small_network(3), file_of(published(10))),
              HasSubstr("it has 10 classes, small has 3; --classes 10 makes the network fit"));
  const LoadedWeights loaded = load_weights(small_network(3), file_of(published(10)), HeadRule::start_anew);
  EXPECT_EQ(loaded.remark, "file: its head \"head\" has 10 classes; a new head is trained for 3");
  EXPECT_EQ(loaded.tensors.size(), 8U);
  EXPECT_FALSE(loaded.tensors.contains("head.weight"));
}

std::vector<std::string> names_of(const std::string& model) {
  std::vector<std::string> names;
  for (const ParameterSpec& spec : trace_inference(make_model(model), 1).parameters) names.push_back(spec.name);
  return names;
}

TEST(WeightNames, AreTimmsToo) {
  const auto b0 = timm_names(names_of("efficientnet-b0")), b1 = timm_names(names_of("mnasnet-1.0")),
             v2 = timm_names(names_of("mobilenet-v2"));
  EXPECT_EQ(b0.at("features.0.1.running_mean"), "bn1.running_mean");
  EXPECT_EQ(b0.at("features.1.0.block.0.0.weight"), "blocks.0.0.conv_dw.weight");
  EXPECT_EQ(b0.at("features.1.0.block.1.fc2.bias"), "blocks.0.0.se.conv_expand.bias");
  EXPECT_EQ(b0.at("features.1.0.block.2.1.weight"), "blocks.0.0.bn2.weight");
  EXPECT_EQ(b0.at("features.6.3.block.2.fc1.weight"), "blocks.5.3.se.conv_reduce.weight");
  EXPECT_EQ(b0.at("features.7.0.block.3.1.bias"), "blocks.6.0.bn3.bias");
  EXPECT_EQ(b0.at("features.8.0.weight"), "conv_head.weight");
  EXPECT_EQ(b0.at("classifier.1.bias"), "classifier.bias");
  EXPECT_EQ(b1.at("layers.6.weight"), "blocks.0.0.conv_pw.weight");
  EXPECT_EQ(b1.at("layers.12.3.layers.6.weight"), "blocks.5.3.conv_pwl.weight");
  EXPECT_EQ(b1.at("layers.15.bias"), "bn2.bias");
  EXPECT_EQ(v2.at("features.1.conv.2.bias"), "blocks.0.0.bn2.bias");
  EXPECT_EQ(v2.at("features.3.conv.1.0.weight"), "blocks.1.1.conv_dw.weight");
  EXPECT_EQ(v2.at("features.17.conv.3.weight"), "blocks.6.0.bn3.weight");
  EXPECT_TRUE(timm_names(names_of("resnet18")).empty());  // both have the same names
}

// timm's EdgeTPU, Lite and MNASNet A1 networks have its names here; for others the map must be one to one.
TEST(WeightNames, LeadThereAndBack) {
  for (const char* model : {"efficientnet-b0", "efficientnet-b3", "mnasnet-1.0", "mobilenet-v2"}) {
    const Network network = make_model(model);
    const TensorMap start = initial_tensors(trace_inference(network, 1), 5);
    const auto theirs = timm_names(names_of(model));
    TensorMap file;
    for (const auto& [name, tensor] : published_weights(network, start)) file[theirs.at(name)] = tensor;
    ASSERT_EQ(file.size(), start.size()) << model;
    const TensorMap loaded = load_weights(network, file_of(file)).tensors;
    for (const auto& [name, tensor] : start) {
      EXPECT_TRUE(std::ranges::equal(loaded.at(name).values<float>(), tensor.values<float>())) << model << " " << name;
    }
  }
  for (const char* model : {"efficientnet-lite0", "efficientnet-edgetpu-s", "mnasnet-a1"}) {
    EXPECT_THAT(names_of(model), testing::IsSupersetOf({"conv_stem.weight", "bn1.weight", "conv_head.weight", "bn2.running_var",
                                                        "classifier.weight", "blocks.1.0.bn2.weight"}));
  }
}

TEST(WeightNames, OfOldDenseNetFilesAreUnderstood) {
  EXPECT_EQ(current_name("features.denseblock1.denselayer2.norm.1.running_var"),
            "features.denseblock1.denselayer2.norm1.running_var");
  EXPECT_EQ(current_name("features.denseblock1.denselayer2.conv2.weight"), "features.denseblock1.denselayer2.conv2.weight");
  EXPECT_EQ(current_name("classifier.weight"), "classifier.weight");
}

}  // namespace
}  // namespace fovea
