// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/start_values.h"

#include <algorithm>
#include <filesystem>

#include "fovea/core/error.h"
#include "fovea/train/aware_start.h"
#include "fovea/train/run.h"
#include "fovea/train/whitening.h"

namespace fovea {

StartValues::StartValues(const Recipe& recipe, const Network& network, std::shared_ptr<const Dataset> train,
                         const TrainOptions& options)
    : recipe_(recipe),
      network_(network),
      train_(std::move(train)),
      options_(options),
      network_parameters_(trace_inference(network, 1).parameters) {}

TensorMap StartValues::fill(const std::vector<ParameterSpec>& specs, const TensorMap& saved, bool phase_begins,
                            ThreadPool& threads, Progress& progress) const {
  TensorMap tensors;
  for (const ParameterSpec& spec : specs) {
    const auto found = saved.find(spec.name);
    const bool own =
        std::ranges::any_of(network_parameters_, [&](const ParameterSpec& each) { return each.name == spec.name; });
    if (!saved.empty() && (own || !phase_begins) && found == saved.end()) {
      fail("the checkpoint in {} lacks tensor \"{}\"", options_.folder.string(), spec.name);
    }
    const bool anew = found == saved.end() || (phase_begins && !own);
    tensors[spec.name] = anew ? initial_value(spec, static_cast<uint64_t>(recipe_.seed)) : found->second;
  }
  if (!saved.empty() && !phase_begins) return tensors;
  if (saved.empty()) start_network(tensors, threads, progress);
  // Averages start from the tensors that they average.
  for (auto& [name, tensor] : tensors) {
    if (name.starts_with(average_prefix)) tensor = tensors.at(name.substr(average_prefix.size())).clone();
  }
  return tensors;
}

void StartValues::start_network(TensorMap& tensors, ThreadPool& threads, Progress& progress) const {
  if (!recipe_.weights.empty()) {
    start_from_weights(tensors, threads, progress);
  } else if (!recipe_.whitening.empty()) {
    const auto filter = tensors.find(recipe_.whitening);
    if (filter == tensors.end()) refuse("network.whitening: {} has no \"{}\"", network_.name, recipe_.whitening);
    filter->second = whitening_filters(*train_, network_.preprocessing, filter->second.shape());
  }
}

void StartValues::start_from_weights(TensorMap& tensors, ThreadPool& threads, Progress& progress) const {
  if (recipe_.quantize_aware) {
    for (const auto& [name, tensor] : aware_start(recipe_, train_, threads, progress)) tensors.at(name) = tensor;
    return;
  }
  const HeadRule head = options_.new_head ? HeadRule::replace : HeadRule::start_anew;
  std::filesystem::path file = recipe_.weights;
  if (std::filesystem::is_directory(file)) file /= "model.safetensors";
  const LoadedWeights loaded =
      options_.start ? load_weights(network_, *options_.start, head) : read_weights(network_, file, head);
  for (const auto& [name, tensor] : loaded.tensors) tensors[name] = tensor;
  progress.say(loaded.remark.empty() ? fmt::format("starting from {}", recipe_.weights) : loaded.remark);
}

}  // namespace fovea
