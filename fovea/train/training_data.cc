// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/training_data.h"

#include <algorithm>
#include <filesystem>

#include "fovea/core/error.h"
#include "fovea/data/duplicates.h"

namespace fovea {
namespace {

void refuse_overlap(const TrainingData& data, const std::string& spec, Progress& progress) {
  const std::vector<SharedImage> shared = shared_images(*data.train, *data.test, progress);
  if (shared.empty()) return;
  refuse(
      "{} of the {} training images {} for testing, too: {} is {}. fovea data {} lists all; --allow-overlap trains all the "
      "same",
      shared.size(), data.train->count(), shared.size() == 1 ? "is" : "are", data.train->image_name(shared.front().train),
      data.test->image_name(shared.front().test), spec);
}

}  // namespace

TrainingData open_training_data(const std::string& spec, uint64_t seed, const TrainOptions& options, Progress& progress) {
  TrainingData data;
  const std::filesystem::path list = options.folder / split_list;
  DatasetOptions how = {.seed = seed};
  if (!options.resume && !options.train)
    how.split = data.drawn = drawn_split(spec, seed);
  else if (std::filesystem::exists(list))
    how.split = std::make_shared<const PictureSplit>(read_split(list));
  data.train = options.train ? options.train : open_dataset(spec, Split::train, how);
  data.test = options.test ? options.test : open_dataset(spec, Split::test, how);
  for (const auto& dataset : {data.train, data.test}) {
    if (!dataset->remark().empty()) progress.say(dataset->remark());
  }
  // Parts that the run has drawn cannot overlap, because equal files are in one part.
  if (!options.resume && !options.allow_overlap && data.drawn == nullptr) refuse_overlap(data, spec, progress);
  return data;
}

std::vector<double> class_weights(const Dataset& train) {
  std::vector<double> weights(train.class_names().size());
  for (int64_t i = 0; i < train.count(); ++i) ++weights[static_cast<size_t>(train.label(i))];
  const auto present = static_cast<double>(std::ranges::count_if(weights, [](double count) { return count > 0; }));
  for (double& weight : weights) weight = weight > 0 ? static_cast<double>(train.count()) / (present * weight) : 0;
  return weights;
}

}  // namespace fovea
