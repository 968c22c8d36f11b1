// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/model_metadata.h"

#include <gtest/gtest.h>

#include "fovea/core/error.h"

namespace fovea {
namespace {

InferenceModel read(std::string_view text) {
  InferenceModel model;
  read_metadata(text, "a.onnx", model);
  return model;
}

TEST(ModelMetadata, comes_back_as_written) {
  InferenceModel model;
  model.preprocessing = {.mean = {0.5f, 0.25f}, .deviation = {0.1f, 0.3f}, .resize = 256, .bicubic = true};
  model.labels = {"tench", "giant \"panda\"", "Bärenspinner"};
  const InferenceModel again = read(metadata_text(model));
  EXPECT_EQ(again.labels, model.labels);
  EXPECT_EQ(again.preprocessing.mean, model.preprocessing.mean);
  EXPECT_EQ(again.preprocessing.deviation, model.preprocessing.deviation);
  EXPECT_EQ(again.preprocessing.resize, 256);
  EXPECT_TRUE(again.preprocessing.bicubic);
  EXPECT_TRUE(again.preprocessing.upright);
  EXPECT_EQ(again.confidence, Confidence());
  model.confidence = {.temperature = 1.3125, .unknown_below = 0.8125};
  EXPECT_EQ(read(metadata_text(model)).confidence, model.confidence);
  model.preprocessing.upright = false;
  EXPECT_FALSE(read(metadata_text(model)).preprocessing.upright);
}

// A file of another program says nothing about orientation. A file from before there was the key belongs to a network that saw
// images as they are stored.
TEST(ModelMetadata, orientation_is_exif_unless_it_was_not) {
  EXPECT_TRUE(read(R"({"labels": ["cat"]})").preprocessing.upright);
  EXPECT_FALSE(read(R"({"preprocessing": {"resize": 96}})").preprocessing.upright);
  EXPECT_THROW(read(R"({"preprocessing": {"orientation": "left"}})"), Error);
}

TEST(ModelMetadata, what_is_absent_stays_as_it_was) {
  InferenceModel model;
  model.labels = {"cat"};
  read_metadata(R"({"preprocessing": {"resize": 96}})", "a.onnx", model);
  EXPECT_EQ(model.labels, std::vector<std::string>{"cat"});
  EXPECT_EQ(model.preprocessing.resize, 96);
  EXPECT_TRUE(model.preprocessing.mean.empty());
}

TEST(ModelMetadata, refuses_what_is_not_a_models) {
  for (const char* text :
       {"", "{", "[1]", R"({"labels": 3})", R"({"labels": [1]})", R"({"preprocessing": {"deviation": [0]}})",
        R"({"preprocessing": {"resize": -1}})", R"({"preprocessing": {"mean": "x"}})", R"({"confidence": {"temperature": 0}})",
        R"({"confidence": {"unknown_below": 0.5}})", R"({"confidence": {"temperature": 1, "unknown_below": 2}})"}) {
    EXPECT_THROW(read(text), Error) << text;
  }
  try {
    read("{");
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("a.onnx: its metadata \"fovea\" is not a model's: ")) << error.what();
  }
}

}  // namespace
}  // namespace fovea
