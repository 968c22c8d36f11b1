// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/aware_start.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/passes/network/folded.h"
#include "fovea/quant/calibration.h"
#include "fovea/train/run.h"

namespace fovea {

TensorMap aware_start(const Recipe& recipe, std::shared_ptr<const Dataset> train, ThreadPool& threads, Progress& progress) {
  const Network network = real_network_of(recipe);
  std::filesystem::path path = recipe.weights;
  if (std::filesystem::is_directory(path)) path /= "model.safetensors";
  const int64_t count = std::min(recipe.quantize_images, train->count());
  constexpr int64_t batch = 10;
  Traced traced = trace_inference(network, std::min(batch, count));
  const InferenceModel model = folded({.name = network.name,
                                       .graph = std::move(traced.graph),
                                       .tensors = read_weights(network, path).tensors,
                                       .preprocessing = network.preprocessing},
                                      {.norms_as_convolutions = true});
  const QuantizationPlan plan(model);
  const SampleImages images{.dataset = std::move(train), .count = count, .seed = static_cast<uint64_t>(recipe.seed)};
  const auto ranges =
      ranges_by_group(plan, calibrate(model, plan, range_method_named(recipe.quantize_method), images, threads, progress));
  TensorMap tensors = range_tensors(plan, model, ranges);
  tensors.insert(model.tensors.begin(), model.tensors.end());
  progress.finish(fmt::format("starting from {}, its norms folded; ranges of {} images", recipe.weights, count));
  return tensors;
}

}  // namespace fovea
