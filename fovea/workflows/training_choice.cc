// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/training_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/progress.h"
#include "fovea/core/text.h"
#include "fovea/models/registry.h"
#include "fovea/models/summary.h"
#include "fovea/train/run.h"

namespace fovea {
namespace {

// Multiply-adds of one thread in training, where a step counts as three forward passes. Measured with the built-in networks on
// a Zen 5 (docs/results.md); on a machine of half the speed, training takes twice as long as estimated.
constexpr double macs_per_second = 4e10;
constexpr double minute = 60;

std::string facts_text(const TrainingFacts& facts) {
  return fmt::format("{} {}, {} classes, {}{} x {}", with_separators(facts.images),
                     facts.photographs ? "pictures to train on" : "images to train on", facts.classes,
                     facts.photographs ? "about " : "", facts.shape.width, facts.shape.height);
}

std::string epochs_text(int64_t epochs) { return fmt::format("{} epoch{}", epochs, epochs == 1 ? "" : "s"); }

// The largest power of two that is at most `most` and leaves at least eight steps in an epoch.
int64_t batch_for(int64_t images, int64_t most) {
  int64_t batch = 1;
  while (batch * 2 <= most && batch * 2 * 8 <= images) batch *= 2;
  return batch;
}

double step_seconds(const Recipe& recipe, const TrainingFacts& facts) {
  return 3 * static_cast<double>(summarize(real_network_of(recipe)).macs) / (macs_per_second * std::max(1, facts.threads));
}

TrainingChoice choice_of(Recipe recipe, const TrainingFacts& facts, const std::string& why) {
  TrainingChoice choice{.recipe = std::move(recipe)};
  Recipe& chosen = choice.recipe;
  chosen.classes = facts.classes;
  if (facts.minutes > 0) chosen.epochs *= 4;
  if (chosen.batch * 8 > facts.images) chosen.batch = batch_for(facts.images, chosen.batch);
  shorten_warmups(chosen);
  chosen.classes = 0;
  const std::string size = facts.photographs ? fmt::format(" at {0} x {0}", chosen.size) : "";
  choice.reasons = {facts_text(facts), fmt::format("{}{} from nothing: {}", chosen.model, size, why)};
  return choice;
}

// Chooses the largest input size at which the time is enough for half of the recipe's epochs.
TrainingChoice choose_for_photographs(const TrainingFacts& facts) {
  Recipe recipe = default_recipe("resnet18-photos");
  recipe.model = "resnet18";
  recipe.classes = facts.classes;
  constexpr std::array<int64_t, 3> sizes{128, 96, 64};
  const int64_t side = std::min(facts.shape.height, facts.shape.width);
  const char* why = "no weights are at hand (--weights takes them)";
  for (const int64_t size : sizes) {
    recipe.size = size;
    if (size > 64 && size * 8 / 7 > side + side / 4) continue;  // enlarging the images would show nothing more
    const double epoch = step_seconds(recipe, facts) * static_cast<double>(facts.images);
    if (facts.minutes == 0 || epoch * static_cast<double>(recipe.epochs) / 2 <= facts.minutes * minute) break;
  }
  return choice_of(recipe, facts, why);
}

}  // namespace

std::string schedule_text(const Recipe& recipe, double minutes) {
  const std::string most = minutes > 0 ? "at most " : "";
  const std::string limit =
      minutes > 0 ? fmt::format(", as many as {} minute{} allow{}", minutes, minutes == 1 ? "" : "s", minutes == 1 ? "s" : "")
                  : "";
  if (recipe.head_epochs == 0)
    return fmt::format("{}{}, {} images a step{}", most, epochs_text(recipe.epochs), recipe.batch, limit);
  const std::string then = recipe.epochs > 0 ? fmt::format("then the whole for {}{} at a rate of {}{}", most,
                                                           epochs_text(recipe.epochs), recipe.rate, limit)
                                             : "no more";
  return fmt::format("the head for {} on features that are computed once, {}", epochs_text(recipe.head_epochs), then);
}

TrainingFacts facts_of(const Dataset& train) {
  TrainingFacts facts{.images = train.count(),
                      .classes = std::ssize(train.class_names()),
                      .photographs = train.encoded(),
                      .shape = train.image_shape()};
  if (!facts.photographs) return facts;
  constexpr int64_t most = 50;
  const int64_t looked = std::min(most, facts.images);
  std::vector<int64_t> heights, widths;
  std::vector<std::byte> bytes;
  for (int64_t i = 0; i < looked; ++i) {
    const int64_t index = i * facts.images / looked;
    try {
      train.read_bytes(index, bytes);
      const Image image = decode_image(bytes, train.image_name(index));
      heights.push_back(image.shape.height);
      widths.push_back(image.shape.width);
    } catch (const Error&) {  // training reports it
    }
  }
  if (heights.empty()) fail("none of {} pictures can be read; the first is {}", looked, train.image_name(0));
  std::ranges::sort(heights);
  std::ranges::sort(widths);
  facts.shape = {heights[heights.size() / 2], widths[widths.size() / 2], 3};
  return facts;
}

TrainingChoice choose_fine_tuning(const TrainingFacts& facts, const Recipe& pretrained) {
  TrainingChoice choice{.recipe = pretrained};
  Recipe& recipe = choice.recipe;
  const Recipe plain;
  // The schedule of the network's own recipe is for training on ImageNet. Fine-tuning needs small steps instead.
  recipe.optimizer = "adamw";
  recipe.weight_decay = 0.01;
  recipe.decay_on = plain.decay_on;
  recipe.epsilon = plain.epsilon;
  recipe.clip_norm = 1;
  recipe.groups.clear();
  recipe.schedule = "cosine";
  recipe.rate = 1e-4;
  recipe.per_images = 0;
  recipe.final_rate = 0;
  recipe.warmup_epochs = 0;
  recipe.label_smoothing = 0;
  recipe.average_decay = 0;
  recipe.accumulate = 1;
  recipe.freeze_norms = true;
  recipe.flip = true;
  recipe.crop = "random";
  recipe.crop_area = 0.5;
  recipe.policy = "none";
  recipe.erasing = recipe.mixup = recipe.cutmix = recipe.jitter = recipe.lighting = 0;
  recipe.cutout = recipe.shift = 0;
  // A branch that is dropped at random would stand before the head, whose features could then not be computed once.
  const auto entry = std::ranges::find(models(), recipe.model, &ModelEntry::name);
  if (entry != models().end() && entry->features.drop_connect) recipe.drop_connect = 0;
  recipe.checkpoint_best = false;
  recipe.checkpoint_model = "last";
  recipe.patience = 0;
  recipe.batch = batch_for(facts.images, 32);
  recipe.head_batch = recipe.batch;
  // Steps of the head are nearly free, but beyond two thousand they make no difference.
  constexpr int64_t head_images = 64000, whole_images = 8000;
  recipe.head_epochs = std::clamp<int64_t>(head_images / facts.images, 10, 100);
  recipe.epochs = std::clamp<int64_t>(whole_images / facts.images, 1, 8);
  if (facts.minutes > 0) recipe.epochs *= 3;
  const std::string convention =
      recipe.convention.empty() ? "" : fmt::format(" as {} has it", recipe.convention == "torch" ? "PyTorch" : "TensorFlow");
  choice.reasons = {facts_text(facts), fmt::format("{}{}, its weights from {}: what they know of pictures is kept",
                                                   recipe.model, convention, recipe.weights)};
  return choice;
}

TrainingChoice choose_training(const TrainingFacts& facts) {
  if (facts.photographs) return choose_for_photographs(facts);
  const ImageShape shape = facts.shape;
  const auto is = [&](int64_t side, int64_t channels) {
    return shape.height == side && shape.width == side && shape.channels == channels;
  };
  if (is(28, 1)) return choice_of(default_recipe("mnist-cnn"), facts, "made for images of this size");
  if (is(32, 3)) {
    const bool many = facts.images >= 20000;
    return choice_of(default_recipe(many ? "airbench94" : "resnet20"), facts,
                     many ? "made for many images of this size" : "made for images of this size");
  }
  refuse("no network is chosen for images of {} x {} x {}; name one: fovea train MODEL --data SPEC (fovea models lists them)",
         shape.height, shape.width, shape.channels);
}

}  // namespace fovea
