// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/augment/policy.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/data/image/color.h"

namespace fovea {
namespace {

using Rule = LevelScale::Rule;

double either_way(double amount, Random& random) { return random.bits() >> 31 != 0 ? -amount : amount; }

int64_t bits_kept(Rule rule, double share) {
  switch (rule) {
    case Rule::tensorflow:
      return static_cast<int64_t>(4 * share);
    case Rule::autoaugment:
      return 4 - static_cast<int64_t>(4 * share);
    case Rule::trivial:
      return 8 - std::lrint(6 * share);
  }
  return 8;
}

int64_t solarize_threshold(Rule rule, double share) {
  switch (rule) {
    case Rule::tensorflow:
      return static_cast<int64_t>(256 * share);
    case Rule::autoaugment:
      return 256 - static_cast<int64_t>(256 * share);
    case Rule::trivial:
      return static_cast<int64_t>(std::ceil(255 * (1 - share)));
  }
  return 256;
}

float factor(Rule rule, double share, Random& random) {
  if (rule == Rule::trivial) return static_cast<float>(1 + either_way(0.99 * share, random));
  return static_cast<float>(0.1 + 1.8 * share);
}

std::vector<std::vector<PolicyStep>> one_of(const std::vector<PolicyOperation>& operations, double level) {
  std::vector<std::vector<PolicyStep>> choices;
  for (const PolicyOperation operation : operations) choices.push_back({{operation, 1, level}});
  return choices;
}

}  // namespace

void apply_operation(Image& image, PolicyOperation operation, double level, const Policy& policy, Random& random) {
  using enum PolicyOperation;
  const LevelScale& scale = policy.scale;
  const double share = level / scale.most;
  switch (operation) {
    case identity:
      return;
    case autocontrast:
      return fovea::autocontrast(image);
    case equalize:
      return fovea::equalize(image);
    case invert:
      return fovea::invert(image);
    case posterize:
      return fovea::posterize(image, bits_kept(scale.rule, share));
    case solarize:
      return fovea::solarize(image, solarize_threshold(scale.rule, share));
    case solarize_add:
      return fovea::solarize_add(image, static_cast<int64_t>(110 * share));
    case color:
      return adjust_color(image, factor(scale.rule, share, random));
    case contrast:
      return adjust_contrast(image, factor(scale.rule, share, random));
    case brightness:
      return adjust_brightness(image, factor(scale.rule, share, random));
    case sharpness:
      return adjust_sharpness(image, factor(scale.rule, share, random));
    case shear_x:
      return fovea::shear_x(image, either_way(scale.shear * share, random), policy.geometry);
    case shear_y:
      return fovea::shear_y(image, either_way(scale.shear * share, random), policy.geometry);
    case translate_x:
      return fovea::translate_x(image, either_way(scale.translate * share, random), policy.geometry);
    case translate_y:
      return fovea::translate_y(image, either_way(scale.translate * share, random), policy.geometry);
    case rotate:
      return fovea::rotate(image, either_way(scale.rotate * share, random), policy.geometry);
    case cutout:
      return fovea::cutout(image, static_cast<int64_t>(scale.cutout * share), policy.geometry.fill, random);
  }
}

void apply_policy(Image& image, const Policy& policy, Random& random) {
  if (policy.choices.empty()) return;
  for (int64_t round = 0; round < policy.rounds; ++round) {
    for (const PolicyStep& step : policy.choices[random.below(static_cast<uint32_t>(policy.choices.size()))]) {
      if (step.probability < 1 && random.uniform() >= static_cast<float>(step.probability)) continue;
      const double level = policy.draws_level ? random.below(static_cast<uint32_t>(policy.scale.most) + 1) : step.level;
      apply_operation(image, step.operation, level, policy, random);
    }
  }
}

Policy rand_augment(int64_t operations, double magnitude) {
  if (operations < 1 || operations > 16) refuse("RandAugment of {} operations: from 1 to 16 are possible", operations);
  if (!(magnitude >= 0 && magnitude <= 30)) refuse("RandAugment of magnitude {}: from 0 to 30 is possible", magnitude);
  using enum PolicyOperation;
  Policy policy{.rounds = operations};
  policy.choices = one_of({autocontrast, equalize, invert, rotate, posterize, solarize, color, contrast, brightness, sharpness,
                           shear_x, shear_y, translate_x, translate_y, cutout, solarize_add},
                          magnitude);
  return policy;
}

Policy auto_augment_imagenet() {
  using enum PolicyOperation;
  Policy policy{.scale = {.translate = 250, .cutout = 100}};
  policy.choices = {{{equalize, 0.8, 1}, {shear_y, 0.8, 4}},
                    {{color, 0.4, 9}, {equalize, 0.6, 3}},
                    {{color, 0.4, 1}, {rotate, 0.6, 8}},
                    {{solarize, 0.8, 3}, {equalize, 0.4, 7}},
                    {{solarize, 0.4, 2}, {solarize, 0.6, 2}},
                    {{color, 0.2, 0}, {equalize, 0.8, 8}},
                    {{equalize, 0.4, 8}, {solarize_add, 0.8, 3}},
                    {{shear_x, 0.2, 9}, {rotate, 0.6, 8}},
                    {{color, 0.6, 1}, {equalize, 1.0, 2}},
                    {{invert, 0.4, 9}, {rotate, 0.6, 0}},
                    {{equalize, 1.0, 9}, {shear_y, 0.6, 3}},
                    {{color, 0.4, 7}, {equalize, 0.6, 0}},
                    {{posterize, 0.4, 6}, {autocontrast, 0.4, 7}},
                    {{solarize, 0.6, 8}, {color, 0.6, 9}},
                    {{solarize, 0.2, 4}, {rotate, 0.8, 9}},
                    {{rotate, 1.0, 7}, {translate_y, 0.8, 9}},
                    {{shear_x, 0.0, 0}, {solarize, 0.8, 4}},
                    {{shear_y, 0.8, 0}, {color, 0.6, 4}},
                    {{color, 1.0, 0}, {rotate, 0.6, 2}},
                    {{equalize, 0.8, 4}, {equalize, 0.0, 8}},
                    {{equalize, 1.0, 4}, {autocontrast, 0.6, 2}},
                    {{shear_y, 0.4, 7}, {solarize_add, 0.6, 7}},
                    {{posterize, 0.8, 2}, {solarize, 0.6, 10}},
                    {{solarize, 0.6, 8}, {equalize, 0.6, 1}},
                    {{color, 0.8, 6}, {rotate, 0.4, 5}}};
  return policy;
}

Policy auto_augment_cifar10() {
  using enum PolicyOperation;
  Policy policy{.scale = {.rule = Rule::autoaugment, .translate = 10, .cutout = 20}};
  policy.choices = {{{invert, 0.1, 7}, {contrast, 0.2, 6}},         {{rotate, 0.7, 2}, {translate_x, 0.3, 9}},
                    {{sharpness, 0.8, 1}, {sharpness, 0.9, 3}},     {{shear_y, 0.5, 8}, {translate_y, 0.7, 9}},
                    {{autocontrast, 0.5, 8}, {equalize, 0.9, 2}},   {{shear_y, 0.2, 7}, {posterize, 0.3, 7}},
                    {{color, 0.4, 3}, {brightness, 0.6, 7}},        {{sharpness, 0.3, 9}, {brightness, 0.7, 9}},
                    {{equalize, 0.6, 5}, {equalize, 0.5, 1}},       {{contrast, 0.6, 7}, {sharpness, 0.6, 5}},
                    {{color, 0.7, 7}, {translate_x, 0.5, 8}},       {{equalize, 0.3, 7}, {autocontrast, 0.4, 8}},
                    {{translate_y, 0.4, 3}, {sharpness, 0.2, 6}},   {{brightness, 0.9, 6}, {color, 0.2, 8}},
                    {{solarize, 0.5, 2}, {invert, 0.0, 3}},         {{equalize, 0.2, 0}, {autocontrast, 0.6, 0}},
                    {{equalize, 0.2, 8}, {equalize, 0.6, 4}},       {{color, 0.9, 9}, {equalize, 0.6, 6}},
                    {{autocontrast, 0.8, 4}, {solarize, 0.2, 8}},   {{brightness, 0.1, 3}, {color, 0.7, 0}},
                    {{solarize, 0.4, 5}, {autocontrast, 0.9, 3}},   {{translate_y, 0.9, 9}, {translate_y, 0.7, 9}},
                    {{autocontrast, 0.9, 2}, {solarize, 0.8, 3}},   {{equalize, 0.8, 8}, {invert, 0.1, 3}},
                    {{translate_y, 0.7, 9}, {autocontrast, 0.9, 1}}};
  return policy;
}

Policy trivial_augment() {
  using enum PolicyOperation;
  Policy policy{.draws_level = true,
                .scale = {.rule = Rule::trivial, .most = 30, .shear = 0.99, .translate = 32, .rotate = 135, .cutout = 0}};
  policy.choices = one_of({identity, shear_x, shear_y, translate_x, translate_y, rotate, brightness, color, contrast, sharpness,
                           posterize, solarize, autocontrast, equalize},
                          0);
  return policy;
}

const std::vector<std::string>& policy_names() {
  static const std::vector<std::string> names = {"none", "randaugment", "autoaugment", "autoaugment-cifar10", "trivialaugment"};
  return names;
}

Policy policy_of(std::string_view name, int64_t operations, double magnitude) {
  if (name == "none") return {};
  if (name == "randaugment") return rand_augment(operations, magnitude);
  if (name == "autoaugment") return auto_augment_imagenet();
  if (name == "autoaugment-cifar10") return auto_augment_cifar10();
  if (name == "trivialaugment") return trivial_augment();
  refuse_unknown("augmentation policy", name, policy_names());
}

}  // namespace fovea
