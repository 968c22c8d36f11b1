// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/step_measurement.h"

#include <algorithm>
#include <chrono>

#include "fovea/core/error.h"
#include "fovea/train/training_step.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Bytes per second at which a vector is added to a sum.
double adding_rate_of(int64_t bytes) {
  const auto length = static_cast<size_t>(std::max<int64_t>(bytes / static_cast<int64_t>(sizeof(float)), 1024));
  const std::unique_ptr<Communicator> alone = single_process();
  ShardSum<float> sum(*alone, 2, static_cast<int64_t>(length));
  const std::vector<float> ones(length, 1);
  std::vector<double> seconds;
  for (int i = 0; i < 5; ++i) {
    sum.add(0, ones);
    const Clock::time_point start = Clock::now();
    sum.add(1, ones);
    seconds.push_back(seconds_since(start));
  }
  return static_cast<double>(length * sizeof(float)) / median(seconds);
}

}  // namespace

StepProfile measure_step(const Network& network, Recipe recipe, int64_t shard_images, ThreadPool& threads, double seconds,
                         const CompileOptions& options) {
  if (shard_images % recipe.accumulate != 0)
    refuse("shards of {} images cannot be cut into {} equal parts (accumulate)", shard_images, recipe.accumulate);
  recipe.shards = 2;  // the second one is added to the first one
  recipe.batch = 2 * shard_images;
  recipe.teacher.clear();
  const std::unique_ptr<Communicator> alone = single_process();
  TrainingStep step(network, recipe, *alone);
  TensorMap tensors;
  for (const ParameterSpec& spec : step.tensors()) {
    tensors[spec.name] = initial_value(spec, static_cast<uint64_t>(recipe.seed));
  }
  step.compile(tensors, options);

  step.fill_inputs(network.classes);

  StepProfile profile = step.untimed_profile(threads.size());
  profile.model = network.name;
  std::vector<std::vector<double>> kernels(profile.kernels.size());
  std::vector<double> packing, updating;
  const Clock::time_point start = Clock::now();
  for (int round = -1; round < 3 || seconds_since(start) < seconds; ++round) {
    const TrainingStep::Times times = step.time(threads);
    if (round < 0) continue;  // memory and caches are cold
    for (size_t i = 0; i < kernels.size(); ++i) kernels[i].push_back(times.kernels[i]);
    packing.push_back(times.packing);
    updating.push_back(times.updating);
  }
  for (size_t i = 0; i < kernels.size(); ++i) profile.kernels[i].seconds = median(std::move(kernels[i]));
  profile.packing_seconds = median(std::move(packing));
  profile.update_seconds = median(std::move(updating));
  profile.adding_rate = adding_rate_of(profile.gradient_bytes());
  return profile;
}

}  // namespace fovea
