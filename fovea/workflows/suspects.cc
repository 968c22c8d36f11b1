// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/suspects.h"

#include <algorithm>
#include <filesystem>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/deploy/toolchain.h"
#include "fovea/inference/predictor.h"
#include "fovea/train/run.h"
#include "fovea/train/trainer.h"

namespace fovea {
namespace {

constexpr uint64_t purpose =
    0x666f6c6400000000;  // so that the folds use other random numbers than whatever else has the same seed

// The fold of each image. The images of every class are shuffled and then dealt to the folds in turn.
std::vector<int> drawn_folds(const Dataset& dataset, int folds, uint64_t seed) {
  std::vector<std::vector<int64_t>> classes(dataset.class_names().size());
  for (int64_t i = 0; i < dataset.count(); ++i) classes[static_cast<size_t>(dataset.label(i))].push_back(i);
  std::vector<int> fold(static_cast<size_t>(dataset.count()));
  int next = 0;
  for (size_t label = 0; label < classes.size(); ++label) {
    std::vector<int64_t>& images = classes[label];
    if (std::ssize(images) < folds)
      refuse("{} has {} images, too few for {} folds; give a smaller number by --folds", dataset.class_names()[label],
             images.size(), folds);
    Random random(seed ^ purpose, label);
    for (size_t i = images.size(); i > 1; --i) std::swap(images[i - 1], images[random.below(static_cast<uint32_t>(i))]);
    for (const int64_t image : images) fold[static_cast<size_t>(image)] = next++ % folds;
  }
  return fold;
}

// The run's recipe without anything that would use the held-out images to choose a network.
Recipe fold_recipe(Recipe recipe) {
  recipe.evaluate_every = std::max<int64_t>(1, recipe.head_epochs + recipe.epochs);
  recipe.patience = 0;
  recipe.checkpoint_best = false;
  recipe.checkpoint_model = "last";
  recipe.checkpoint_seconds = 0;
  recipe.checkpoint_steps = 0;
  return recipe;
}

struct Fold {
  std::shared_ptr<const Dataset> train, held_out;
};

// The answers to the images of a fold, in their order, of a network that is trained without them.
Predictions predictions_of(const Recipe& recipe, const Fold& fold, const SuspectOptions& options, CorruptSampleReport& damage,
                           Progress& progress) {
  const TemporaryFolder folder;
  train(recipe, {.folder = folder.path() / "run",
                 .threads = options.threads,
                 .quiet = options.quiet,
                 .allow_overlap = true,
                 .train = fold.train,
                 .test = fold.held_out,
                 .stop = options.stop});
  TrainedModel model = open_model((folder.path() / "run").string(), {}, 1);
  Predictor predictor(model.network, std::move(model.tensors));
  ThreadPool threads(options.threads > 0 ? options.threads : ThreadPool::available());
  Predictions predictions(model.network.classes);
  evaluate(predictor, fold.held_out, recipe.batch / recipe.accumulate, threads, progress, views_of(recipe.evaluate_views),
           &damage, &predictions);
  return predictions;
}

}  // namespace

Suspects find_suspects(const std::string& folder, const SuspectOptions& options, Progress& progress) {
  if (options.folds < 2) refuse("--folds is {}, must be at least 2", options.folds);
  if (!std::filesystem::is_directory(folder))
    refuse("suspects are found among the training images of a run; {} is not the folder of one", folder);
  const Recipe recipe = fold_recipe(open_network(folder).recipe);
  const auto dataset = open_run_data(folder, recipe, Split::train);
  const std::vector<int> fold_of = drawn_folds(*dataset, options.folds, static_cast<uint64_t>(recipe.seed));
  Predictions all(std::ssize(dataset->class_names()));
  std::vector<int64_t> images;  // the indices of the images in `all`
  for (int fold = 0; fold < options.folds; ++fold) {
    std::vector<int64_t> kept, held_out;
    for (int64_t i = 0; i < dataset->count(); ++i) (fold_of[static_cast<size_t>(i)] == fold ? held_out : kept).push_back(i);
    progress.say(fmt::format("fold {} of {}: {} images to learn from, {} to judge", fold + 1, options.folds, kept.size(),
                             held_out.size()));
    CorruptSampleReport damage;
    const Predictions part =
        predictions_of(recipe, {selected(dataset, kept), selected(dataset, held_out)}, options, damage, progress);
    for (int64_t i = 0; i < part.count(); ++i) {
      if (damage.contains(i)) continue;  // another image was answered in its place
      Tensor row({1, part.classes()}, DType::f32);
      std::ranges::copy(part.logits(i), row.data<float>());
      const int32_t label = part.label(i);
      all.add(row, std::span(&label, 1));
      images.push_back(held_out[static_cast<size_t>(i)]);
    }
  }
  Suspects result{.images = dataset, .ranked = label_suspicions(all)};
  for (LabelSuspicion& each : result.ranked) {
    each.image = images[static_cast<size_t>(each.image)];
    result.confident += each.confident ? 1 : 0;
  }
  return result;
}

}  // namespace fovea
