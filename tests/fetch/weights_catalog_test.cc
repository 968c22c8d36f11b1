// SPDX-License-Identifier: Apache-2.0
// The catalog of published weights: what it has, how it is asked, and what is none.
#include "fovea/fetch/weights_catalog.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/bad_input.h"

namespace fovea {
namespace {

TEST(WeightsCatalog, BuiltInOneSaysWhatItsKeepersSay) {
  std::set<std::string> names, files;
  for (const RemoteWeights& weights : built_in_weights()) {
    EXPECT_TRUE(names.insert(weights.name).second) << weights.name;
    EXPECT_TRUE(files.insert(weights.file.name).second) << weights.file.name;
    EXPECT_TRUE(weights.name.starts_with(weights.model + "@")) << weights.name;
    EXPECT_TRUE(weights.address.starts_with("https://")) << weights.address;
    EXPECT_FALSE(weights.license.empty()) << weights.name;
    // The beginning of its checksum is the end of a file's name, or all of it is known.
    const bool in_name = weights.file.name.find("-" + weights.file.sha256 + ".pth") != std::string::npos;
    EXPECT_TRUE(in_name || weights.file.exact) << weights.file.name;
  }
  EXPECT_GT(names.size(), 50u);
}

TEST(WeightsCatalog, IsAskedByManyNames) {
  const WeightsCatalog& catalog = built_in_weights();
  const auto name = [&](const char* asked, const char* model = "") {
    const RemoteWeights* found = find_weights(catalog, asked, model);
    return found != nullptr ? found->name : "none";
  };
  EXPECT_EQ(name("resnet50@torchvision-v1"), "resnet50@torchvision-v1");
  EXPECT_EQ(name("resnet50-0676ba61.pth"), "resnet50@torchvision-v1");
  EXPECT_EQ(name("resnet50"), "resnet50@torchvision");
  EXPECT_EQ(name("imagenet"), "mobilenet-v2@torchvision");
  EXPECT_EQ(name("imagenet", "efficientnet-lite0"), "efficientnet-lite0@timm");
  EXPECT_EQ(name("imagenet", "mnist-cnn"), "none");
  EXPECT_EQ(name("resnet51"), "none");
}

TEST(WeightsCatalog, WhatIsNoneIsRefused) {
  const auto parse = [](const std::string& toml) { return [toml] { parse_weights(toml, "w.toml"); }; };
  const std::string whole =
      "[\"m@x\"]\nmodel = \"m\"\naddress = \"https://h/f-12345678.pth\"\nsha256 = \"12345678\"\nbytes = 9\n";
  EXPECT_EQ(parse_weights(whole, "w.toml").front().file.name, "f-12345678.pth");
  EXPECT_FALSE(parse_weights(whole, "w.toml").front().file.exact);
  expect_error(2, parse("["), {"w.toml:1"});
  expect_error(2, parse("x = 1"), {"w.toml:1", "outside"});
  expect_error(2, parse("[a]\nmodel = \"m\""), {"needs its model, address, sha256"});
  expect_error(2, parse(whole + "modle = \"m\""), {"w.toml:6", "did you mean \"model\"?"});
  expect_error(2, parse(whole + "top1 = -1"), {"w.toml:6", "above 0"});
  expect_error(2, parse(whole + "size = 1.5"), {"w.toml:6", "whole number"});
  expect_error(2, parse(whole + "mean = [0.5]"), {"mean and deviation go together"});
  expect_error(2, parse(whole + "mean = 0.5"), {"list of numbers"});
  expect_error(2, parse(whole + "convention = \"caffe\""), {"torch, tensorflow"});
}

using WeightsCatalogFolder = FolderTest;
TEST_F(WeightsCatalogFolder, OfflineTakesWhatIsThere) {
  const std::filesystem::path& folder = folder_;
  write_text(folder / "abc.pth", "abc");
  RemoteWeights weights{.name = "m@x", .model = "m", .address = "https://127.0.0.1:1/abc.pth"};
  weights.file = {.name = "abc.pth", .bytes = 3, .sha256 = "ba7816bf", .exact = false};
  EXPECT_EQ(fetch_weights(weights, {.caches = {folder}, .offline = true}).path, folder / "abc.pth");
  weights.file.sha256 = "ba7816be";
  expect_error(1, [&] { fetch_weights(weights, {.caches = {folder}, .offline = true}); },
               {"m@x", folder.string(), "--offline"});
}

}  // namespace
}  // namespace fovea
