// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/phase.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/inference/predictor.h"

namespace fovea {
namespace {

// Whether every epoch sees the same pixels of an image.
bool draws_nothing(const Recipe& recipe, bool photographs) {
  return (recipe.crop == "center" || !photographs) && recipe.policy == "none" && !recipe.flip && recipe.shift == 0 &&
         recipe.cutout == 0 && recipe.erasing == 0 && recipe.mixup == 0 && recipe.cutmix == 0 && recipe.jitter == 0 &&
         recipe.lighting == 0;
}

// Whether the phase of the whole network could train on stored features, if it has a part that is frozen.
bool may_be_cut(const Recipe& recipe, bool photographs) {
  return draws_nothing(recipe, photographs) && !recipe.quantize_aware && recipe.teacher.empty() && recipe.accumulate == 1 &&
         recipe.evaluate_views == "one";
}

// Of one image.
int64_t feature_bytes(const FrozenCut& cut) {
  return static_cast<int64_t>(byte_size(DType::f32)) * element_count(cut.features);
}

// Trains the last layer by AdamW with a cosine learning rate, on each image as in evaluation or on `head_views` random views of
// it.
Recipe head_recipe(const Recipe& recipe, const Network& network) {
  Recipe head = recipe;
  head.epochs = recipe.head_epochs;
  head.rate = recipe.head_rate;
  head.batch = recipe.head_batch;
  head.accumulate = head.shards = 1;
  head.freeze = all_but_head(network);
  head.freeze_norms = false;
  head.optimizer = "adamw";
  head.weight_decay = recipe.head_weight_decay;
  head.beta1 = 0.9;
  head.beta2 = 0.999;
  head.epsilon = 1e-8;
  head.decay_on = "weights";
  head.clip_norm = 0;
  head.groups.clear();
  head.schedule = "cosine";
  head.per_images = 0;
  head.final_rate = head.warmup_epochs = 0;
  head.average_decay = head.mixup = head.cutmix = 0;
  head.patience = 0;
  head.dtype = "f32";
  head.teacher.clear();  // a teacher reads images, and the phase of the head has only features
  if (recipe.head_views > 1) return head;
  head.crop = "center";
  head.policy = "none";
  head.flip = false;
  head.shift = head.cutout = 0;
  head.erasing = head.jitter = head.lighting = 0;
  return head;
}

Phase phase_of(Recipe recipe, int64_t images, const std::vector<Phase>& before) {
  if (recipe.batch > images) refuse("a batch of {} is more than the {} training images", recipe.batch, images);
  Phase phase{.recipe = std::move(recipe)};
  phase.steps_per_epoch = images / phase.recipe.batch;
  if (before.empty()) return phase;
  phase.first_epoch = before.back().end();
  phase.first_step = before.back().first_step + before.back().steps_per_epoch * before.back().recipe.epochs;
  return phase;
}

}  // namespace

Augmentation augmentation_of(const Recipe& recipe, const Preprocessing& preprocessing) {
  Augmentation augmentation = evaluation_of(preprocessing);
  if (recipe.crop == "random") augmentation.random_crop = {.least_area = recipe.crop_area};
  augmentation.policy = policy_of(recipe.policy, recipe.operations, recipe.magnitude);
  augmentation.flip = recipe.flip;
  augmentation.alternating = recipe.alternating;
  augmentation.shift = recipe.shift;
  augmentation.border = recipe.border == "reflect" ? Border::reflect : Border::zero;
  augmentation.cutout = recipe.cutout;
  augmentation.erasing = {.probability = recipe.erasing};
  augmentation.mixing = {.mixup = recipe.mixup, .cutmix = recipe.cutmix};
  augmentation.jitter = {.brightness = recipe.jitter, .contrast = recipe.jitter, .saturation = recipe.jitter};
  augmentation.lighting = recipe.lighting;
  return augmentation;
}

std::vector<Phase> phases_of(const Recipe& recipe, const Network& network, const Dataset& train, int64_t cache_bytes) {
  std::vector<Phase> phases;
  const int64_t images = train.count();
  if (recipe.head_epochs > 0) {
    Phase head = phase_of(head_recipe(recipe, network), images, phases);
    head.of_head = true;
    head.views = recipe.head_views;
    head.cut = frozen_cut(network, head.recipe.freeze);
    if (!head.cut) refuse("head.epochs: the last layer of {} cannot be trained apart from the rest", network.name);
    phases.push_back(std::move(head));
  }
  if (recipe.epochs > 0) {
    Phase whole = phase_of(recipe, images, phases);
    if (recipe.freeze_norms) {
      const std::vector<std::string> scales = norm_scales(network);
      whole.recipe.freeze.insert(whole.recipe.freeze.end(), scales.begin(), scales.end());
    }
    if (cache_bytes > 0 && may_be_cut(recipe, train.encoded())) {
      whole.cut = frozen_cut(network, whole.recipe.freeze);
      if (whole.cut && feature_bytes(*whole.cut) * images > cache_bytes) whole.cut.reset();
      if (whole.cut) whole.recipe.shards = 1;
    }
    phases.push_back(std::move(whole));
  }
  return phases;
}

}  // namespace fovea
