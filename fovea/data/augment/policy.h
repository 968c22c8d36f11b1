// SPDX-License-Identifier: Apache-2.0
/// \file
/// Augmentation policies: which of the operations of color.h and geometry.h are applied to an image, how strongly and how
/// often.
///
/// Everything random is drawn from the given `random`: the same stream gives the same image.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core/random.h"
#include "fovea/data/image/geometry.h"
#include "fovea/data/image/image.h"

namespace fovea {

/// The operations that policies consist of.
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

/// What a level of 0..most means for each operation. The rules differ between publications, and a policy is only reproduced
/// under its own. Shear, translation, rotation and the signed factors have either sign with probability 1/2.
struct LevelScale {
  /// Whose rule levels follow.
  enum class Rule : uint8_t {
    tensorflow,   ///< bits kept int(4 l), solarize from int(256 l), factors 0.1 + 1.8 l, where l = level / most
    autoaugment,  ///< bits kept 4 - int(4 l), solarize from 256 - int(256 l), factors 0.1 + 1.8 l
    trivial       ///< bits kept 8 - round(6 l), solarize from 255 (1 - l), factors 1 + or - 0.99 l
  };
  Rule rule = Rule::tensorflow;  ///< for the operations on colors
  double most = 10;              ///< the highest level
  double shear = 0.3;            ///< slope at the highest level
  double translate = 100;        ///< pixels at the highest level
  double rotate = 30;            ///< degrees at the highest level
  double cutout = 40;            ///< half the side in pixels, at the highest level
};

/// One operation of a policy.
struct PolicyStep {
  PolicyOperation operation = PolicyOperation::identity;  ///< what is done
  double probability = 1;                                 ///< that it is done
  double level = 0;                                       ///< from 0 to the scale's most
};

/// `rounds` times, one of `choices` is drawn and its steps are done in order, each with its probability.
struct Policy {
  std::vector<std::vector<PolicyStep>> choices;  ///< lists of steps
  int64_t rounds = 1;                            ///< how often one is drawn
  bool draws_level = false;  ///< an integer of 0..scale.most is drawn for every step, in place of the step's own level
  LevelScale scale;          ///< what levels mean
  GeometryOptions geometry;  ///< of the operations that move pixels
};

/// Applies a policy to an image of 1 or 3 channels.
void apply_policy(Image& image, const Policy& policy, Random& random);

/// One operation at one level, as apply_policy() does it.
void apply_operation(Image& image, PolicyOperation operation, double level, const Policy& policy, Random& random);

/// Cubuk et al., "RandAugment", 2019, as in the EfficientNet repository (TensorFlow): every round draws one of 16 operations,
/// all at level `magnitude` of 10, which may be above 10 (17 and 28 were published). There posterize and solarize become milder
/// with the level. timm's `rand-mM-nN` without `inc` is the same rule, except that its interpolation is random, it translates
/// by shares of the side, and it has no cutout. Refuses 0 or more than 16 operations, and magnitudes outside 0..30.
Policy rand_augment(int64_t operations, double magnitude);

/// Cubuk et al., "AutoAugment", 2018: the 25 pairs called v0 in the EfficientNet repository, under its rule.
Policy auto_augment_imagenet();
/// Cubuk et al., "AutoAugment", 2018: the 25 pairs for CIFAR-10 in the paper's appendix, under the rule of the authors' code.
Policy auto_augment_cifar10();

/// Mueller and Hutter, "TrivialAugment", 2021, with the wide space: one of 14 operations at one of 31 levels.
Policy trivial_augment();

/// The names of the policies: "none", "randaugment", "autoaugment", "autoaugment-cifar10", "trivialaugment".
const std::vector<std::string>& policy_names();
/// The policy of that name; `operations` and `magnitude` are for randaugment. Refuses an unknown name, with the nearest known
/// one.
Policy policy_of(std::string_view name, int64_t operations, double magnitude);

}  // namespace fovea
