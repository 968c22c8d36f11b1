// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/sources/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/data/augment/pipeline.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

TEST(Spec, WrongRequestsAreRefused) {
  const auto open = [](const char* spec) { return [spec] { open_dataset(spec, Split::train); }; };
  expect_error(2, open("mnsit:x"), {"unknown kind of data set", "mnsit", "did you mean \"mnist\""});
  expect_error(2, open("voc2012:x"), {"voc2012", "cifar10", "digits"});
  expect_error(2, open(""), {"kind of data set"});
  expect_error(2, open("mnist"), {"mnist:DIR"});
  expect_error(2, open("cifar10:"), {"cifar10:DIR"});
  expect_error(1, open("cifar10:/no/such/folder"), {"/no/such/folder"});
  for (const char* spec : {"digits:0", "digits:-5", "digits:many", "digits:10x", "digits:99999999999999999999", "digits:1.5"}) {
    expect_error(2, open(spec), {spec, "digits:60000"});
  }
}

TEST(Subset, IsAWindow) {
  const auto whole = open_dataset("digits:50", Split::train);
  const auto part = subset(whole, 10, 5);
  EXPECT_EQ(part->count(), 5);
  std::vector<uint8_t> a(784), b(784);
  part->read_image(2, a);
  whole->read_image(12, b);
  EXPECT_EQ(a, b);
  EXPECT_EQ(part->label(2), whole->label(12));
  expect_error(1, [&] { part->label(5); }, {"no image 5"});
  expect_error(2, [&] { subset(whole, 40, 11); }, {"40..50", "50"});
  expect_error(2, [&] { subset(whole, -1, 3); }, {"-1"});
}

TEST(Digits, AreAFunctionOfSeedSplitAndIndex) {
  const auto pixels = [](uint64_t seed, Split split, int64_t index) {
    std::vector<uint8_t> image(784);
    open_dataset("digits", split, {.seed = seed})->read_image(index, image);
    return image;
  };
  EXPECT_EQ(pixels(1, Split::train, 7), pixels(1, Split::train, 7));
  EXPECT_NE(pixels(1, Split::train, 7), pixels(2, Split::train, 7));
  EXPECT_NE(pixels(1, Split::train, 7), pixels(1, Split::test, 7));
  EXPECT_NE(pixels(1, Split::train, 7), pixels(1, Split::train, 8));
}

TEST(Digits, LookLikeInkOnPaper) {
  const auto dataset = open_dataset("digits:3000", Split::train);
  EXPECT_EQ(dataset->count(), 3000);
  EXPECT_EQ(open_dataset("digits:3000", Split::test)->count(), 500);
  const Statistics found = statistics(*dataset);
  for (const int64_t count : found.class_counts) EXPECT_NEAR(count, 300, 5 * 17);  // five standard deviations
  // As much ink as in MNIST, within a factor of 1.5.
  EXPECT_GT(found.mean[0] * 255, 33.3 / 1.5);
  EXPECT_LT(found.mean[0] * 255, 33.3 * 1.5);
  std::vector<uint8_t> image(784);
  for (int64_t i = 0; i < 300; ++i) {
    dataset->read_image(i, image);
    const auto ink = std::count_if(image.begin(), image.end(), [](uint8_t pixel) { return pixel > 128; });
    EXPECT_GT(ink, 12) << "image " << i;
    EXPECT_LT(ink, 350) << "image " << i;
  }
}

// Classifies by the nearest class mean, as a linear classifier could: far above chance, and far from perfect.
TEST(Digits, AreNeitherRandomNorTrivial) {
  const auto train = open_dataset("digits:5000", Split::train), test = open_dataset("digits:3000", Split::test);
  std::vector<std::vector<double>> means(10, std::vector<double>(784));
  std::vector<double> counts(10);
  std::vector<uint8_t> image(784);
  for (int64_t i = 0; i < train->count(); ++i) {
    train->read_image(i, image);
    const auto label = static_cast<size_t>(train->label(i));
    ++counts[label];
    for (size_t p = 0; p < 784; ++p) means[label][p] += image[p];
  }
  int64_t right = 0;
  for (int64_t i = 0; i < test->count(); ++i) {
    test->read_image(i, image);
    std::vector<double> distance(10);
    for (size_t c = 0; c < 10; ++c) {
      for (size_t p = 0; p < 784; ++p) distance[c] += std::pow(image[p] - means[c][p] / counts[c], 2);
    }
    right += std::min_element(distance.begin(), distance.end()) - distance.begin() == test->label(i);
  }
  const double share = static_cast<double>(right) / static_cast<double>(test->count());
  EXPECT_GT(share, 0.4);
  EXPECT_LT(share, 0.9);
}

using Folders = FolderTest;

// Reads image `index` as evaluation does, at 16 x 16.
Image pixels_at(const std::shared_ptr<const Dataset>& dataset, int64_t index) {
  Pipeline::Workspace workspace;
  Pipeline(dataset, {16, 16, 3}, {}, 0).make_pixels(index, 0, workspace);
  return workspace.image;
}

TEST_F(Folders, AFolderIsAClass) {
  Image red({40, 60, 3}), blue({60, 40, 3});
  for (size_t i = 0; i < red.pixels.size(); i += 3) red.pixels[i] = 200;
  for (size_t i = 2; i < blue.pixels.size(); i += 3) blue.pixels[i] = 150;
  for (const char* split : {"train", "val"}) {
    make_folder(folder_ / split / "red");
    make_folder(folder_ / split / "blue");
    write_png(folder_ / split / "red" / "1.png", red);
    write_png(folder_ / split / "blue" / "1.PNG", blue);
  }
  write_text(folder_ / "train" / "red" / "notes.txt", "not a picture");
  const std::string spec = "images:" + folder_.string();
  const auto dataset = open_dataset(spec, Split::train);
  EXPECT_EQ(dataset->count(), 2);
  EXPECT_EQ(dataset->class_names(), (std::vector<std::string>{"blue", "red"}));
  EXPECT_TRUE(dataset->encoded());
  EXPECT_EQ(dataset->label(1), 1);
  EXPECT_EQ(dataset->image_name(1), (folder_ / "train" / "red" / "1.png").string());
  const Image image = pixels_at(dataset, 1);
  EXPECT_EQ(image.shape, (ImageShape{16, 16, 3}));
  EXPECT_EQ(image.pixels[0], 200);
  EXPECT_EQ(image.pixels[2], 0);
  EXPECT_EQ(open_dataset(spec, Split::test)->image_shape(), (ImageShape{0, 0, 3}));
  std::vector<uint8_t> room(10);
  expect_error(1, [&] { dataset->read_image(0, room); }, {"1.PNG", "any size"});
  expect_error(1, [&] { dataset->label(2); }, {"no image 2"});

  make_folder(folder_ / "val" / "green");
  write_png(folder_ / "val" / "green" / "1.png", red);
  expect_error(1, [&] { open_dataset(spec, Split::test); }, {folder_.string(), "classes"});
  write_text(folder_ / "train" / "red" / "1.png", "broken");
  expect_error(1, [&] { pixels_at(open_dataset(spec, Split::train), 1); }, {"red/1.png"});
}

TEST_F(Folders, WithoutPictures) {
  const std::string spec = "images:" + folder_.string();
  expect_error(1, [&] { open_dataset(spec, Split::train); }, {folder_.string(), "train"});
  make_folder(folder_ / "train");
  expect_error(1, [&] { open_dataset(spec, Split::train); }, {"no pictures"});
  make_folder(folder_ / "train" / "cat");
  expect_error(1, [&] { open_dataset(spec, Split::train); }, {"train/cat", "no pictures"});
}

}  // namespace
}  // namespace fovea
