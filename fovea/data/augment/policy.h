// SPDX-License-Identifier: Apache-2.0
// Augmentation policies: which of the operations of color.h and geometry.h are done to a picture, how strongly and how often.
//
// Everything drawn comes from the `random` that is given: the same stream gives the same picture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core/random.h"
#include "fovea/data/image/geometry.h"
#include "fovea/data/image/image.h"

namespace fovea {

enum class PolicyOperation : uint8_t {
  identity,
  autocontrast,
  equalize,
  invert,
  posterize,
  solarize,
  solarize_add,
  color,
  contrast,
  brightness,
  sharpness,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  cutout
};

// What a level of 0..most means for each operation. The rules differ between publications, and a policy is only itself under
// its own. Shear, translation, rotation and the signed factors go either way with probability 1/2.
struct LevelScale {
  enum class Rule : uint8_t {
    tensorflow,   // bits kept int(4 l), solarize from int(256 l), factors 0.1 + 1.8 l, where l = level / most
    autoaugment,  // bits kept 4 - int(4 l), solarize from 256 - int(256 l), factors 0.1 + 1.8 l
    trivial       // bits kept 8 - round(6 l), solarize from 255 (1 - l), factors 1 + or - 0.99 l
  };
  Rule rule = Rule::tensorflow;
  double most = 10;
  double shear = 0.3;      // slope, at the highest level; so are the following
  double translate = 100;  // pixels
  double rotate = 30;      // degrees
  double cutout = 40;      // half the side, pixels
};

struct PolicyStep {
  PolicyOperation operation = PolicyOperation::identity;
  double probability = 1;
  double level = 0;
};

// `rounds` times, one of `choices` is drawn and its steps are done in order, each with its probability.
struct Policy {
  std::vector<std::vector<PolicyStep>> choices;
  int64_t rounds = 1;
  bool draws_level = false;  // a whole number of 0..scale.most for every step, rather than the step's own level
  LevelScale scale;
  GeometryOptions geometry;
};

void apply_policy(Image& image, const Policy& policy, Random& random);

// One operation at one level, as apply_policy() does it.
void apply_operation(Image& image, PolicyOperation operation, double level, const Policy& policy, Random& random);

// Cubuk et al., "RandAugment", 2019, as in the EfficientNet repository (TensorFlow): every round draws one of 16 operations,
// all at level `magnitude` of 10, which may be above 10 (17 and 28 were published). There posterize and solarize grow milder
// with the level. timm's `rand-mM-nN` without `inc` is the same rule but for its random interpolation, its translation by parts
// of the side, and its missing cutout.
Policy rand_augment(int64_t operations, double magnitude);

// Cubuk et al., "AutoAugment", 2018. ImageNet: the 25 pairs called v0 in the EfficientNet repository, under its rule. CIFAR-10:
// the 25 pairs of the paper's appendix, under the rule of the authors' code.
Policy auto_augment_imagenet();
Policy auto_augment_cifar10();

// Mueller and Hutter, "TrivialAugment", 2021, the wide space: one of 14 operations at one of 31 levels.
Policy trivial_augment();

// "none", "randaugment", "autoaugment", "autoaugment-cifar10", "trivialaugment"; `operations` and `magnitude` are
// randaugment's. Refuses an unknown name, naming the nearest.
const std::vector<std::string>& policy_names();
Policy policy_of(std::string_view name, int64_t operations, double magnitude);

}  // namespace fovea
