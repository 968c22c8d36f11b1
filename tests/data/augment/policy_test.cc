// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/augment/policy.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "fovea/data/image/color.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

Image picture(int64_t height, int64_t width, uint64_t seed) {
  Image image({height, width, 3});
  Random random(seed, 0);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(40 + random.below(120));
  return image;
}

// The image after the only choice of a policy, which is certain to happen.
Image after(const Image& original, const Policy& policy, PolicyOperation operation, double level, uint64_t stream) {
  Image image = original;
  Random random(3, stream);
  apply_operation(image, operation, level, policy, random);
  return image;
}

TEST(Policy, LevelsMeanWhatEachPublicationSays) {
  const Image original = picture(24, 31, 1);
  const auto expect_same = [&](const Policy& policy, PolicyOperation operation, double level, auto direct) {
    Image wanted = original;
    direct(wanted);
    EXPECT_EQ(after(original, policy, operation, level, 0).pixels, wanted.pixels)
        << static_cast<int>(operation) << " at " << level;
  };
  const Policy rand = rand_augment(2, 9), cifar = auto_augment_cifar10();
  expect_same(rand, PolicyOperation::posterize, 9, [](Image& image) { posterize(image, 3); });
  expect_same(rand, PolicyOperation::solarize, 3, [](Image& image) { solarize(image, 76); });
  expect_same(rand, PolicyOperation::solarize_add, 7, [](Image& image) { solarize_add(image, 77); });
  expect_same(rand, PolicyOperation::color, 17, [](Image& image) { adjust_color(image, 3.16f); });
  expect_same(cifar, PolicyOperation::posterize, 7, [](Image& image) { posterize(image, 2); });
  expect_same(cifar, PolicyOperation::solarize, 8, [](Image& image) { solarize(image, 52); });
  expect_same(trivial_augment(), PolicyOperation::posterize, 30, [](Image& image) { posterize(image, 2); });
  expect_same(trivial_augment(), PolicyOperation::solarize, 30, [](Image& image) { solarize(image, 0); });
}

TEST(Policy, SignsGoEitherWay) {
  const Image original = picture(24, 31, 2);
  Image left = original, right = original;
  translate_x(left, 9);
  translate_x(right, -9);
  // At level 9 of its own scale RandAugment translates by 90 pixels, which is more than this image has.
  Policy policy = rand_augment(1, 9);
  policy.scale.translate = 10;
  int to_left = 0, to_right = 0;
  for (uint64_t stream = 0; stream < 200; ++stream) {
    const Image moved = after(original, policy, PolicyOperation::translate_x, 9, stream);
    to_left += moved.pixels == left.pixels;
    to_right += moved.pixels == right.pixels;
  }
  EXPECT_EQ(to_left + to_right, 200);
  EXPECT_NEAR(to_left, 100, 30);
}

TEST(Policy, DrawsChoicesAndProbabilities) {
  // One choice always inverts; the other would posterize to nothing with probability 1/4.
  Policy policy;
  policy.choices = {{{PolicyOperation::invert, 1, 0}}, {{PolicyOperation::posterize, 0.25, 0}}};
  const Image original = picture(5, 4, 3);
  Image inverted = original;
  invert(inverted);
  int inversions = 0, black = 0, untouched = 0;
  for (uint64_t stream = 0; stream < 2000; ++stream) {
    Image image = original;
    Random random(9, stream);
    apply_policy(image, policy, random);
    inversions += image.pixels == inverted.pixels;
    untouched += image.pixels == original.pixels;
    black += image.pixels == std::vector<uint8_t>(60, 0);
  }
  EXPECT_EQ(inversions + black + untouched, 2000);
  EXPECT_NEAR(inversions, 1000, 100);
  EXPECT_NEAR(black, 250, 60);
}

TEST(Policy, IsAFunctionOfTheStream) {
  for (const std::string& name : policy_names()) {
    const Policy policy = policy_of(name, 2, 9);
    std::set<std::string> different;
    for (uint64_t stream = 0; stream < 60; ++stream) {
      Image first = picture(17, 23, 4), second = first;
      Random a(1, stream), b(1, stream);
      apply_policy(first, policy, a);
      apply_policy(second, policy, b);
      EXPECT_EQ(first.pixels, second.pixels);
      EXPECT_EQ(a.bits(), b.bits());
      different.emplace(first.pixels.begin(), first.pixels.end());
    }
    if (name == "none") {
      EXPECT_EQ(different.size(), 1u);
    } else {
      EXPECT_GT(different.size(), 15u) << name;
    }
  }
}

TEST(Policy, PublishedOnesAreWhole) {
  EXPECT_EQ(rand_augment(2, 9).choices.size(), 16u);
  EXPECT_EQ(auto_augment_imagenet().choices.size(), 25u);
  EXPECT_EQ(auto_augment_cifar10().choices.size(), 25u);
  EXPECT_EQ(trivial_augment().choices.size(), 14u);
  // The sums of the published tables, which a typing error would change.
  const auto expect_sums = [](const Policy& policy, double probabilities, double levels) {
    double probability = 0, level = 0;
    for (const auto& choice : policy.choices) {
      ASSERT_EQ(choice.size(), 2u);
      for (const PolicyStep& step : choice) {
        probability += step.probability;
        level += step.level;
      }
    }
    EXPECT_NEAR(probability, probabilities, 1e-9);
    EXPECT_EQ(level, levels);
  };
  expect_sums(auto_augment_imagenet(), 29.8, 240);
  expect_sums(auto_augment_cifar10(), 26.5, 267);
}

TEST(Policy, WhatDoesNotExistIsRefused) {
  expect_error(2, [] { policy_of("randaugmnt", 2, 9); }, {"randaugmnt", "did you mean \"randaugment\""});
  expect_error(2, [] { rand_augment(0, 9); }, {"0 operations"});
  expect_error(2, [] { rand_augment(2, -1); }, {"magnitude -1"});
}

}  // namespace
}  // namespace fovea
