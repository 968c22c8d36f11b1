// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/folded_network.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/passes/network/dequantize.h"
#include "fovea/passes/network/folded.h"
#include "fovea/quant/quantization_aware.h"

namespace fovea {
namespace {

OpenOptions opening(const OpenOptions& options, int64_t batch) {
  OpenOptions open = options;
  open.batch = batch;
  open.output = Output::logits;
  return open;
}

std::pair<InferenceModel, std::map<int32_t, Range>> opened(const std::string& name, const FoldedNetwork::Options& options,
                                                           int64_t batch) {
  InferenceModel model = open_inference_model(name, opening(options.open, batch));
  const bool integers = std::ranges::any_of(
      model.graph.arguments(), [](const Graph::Argument& argument) { return argument.type.quantization.has_value(); });
  if (integers && !options.anew)
    refuse("{} holds integers already; --anew (anew = true) dequantizes them and quantizes what they stand for", name);
  if (integers) model = dequantized(model);
  if (auto aware = learned_ranges(model)) return std::pair(std::move(aware->model), std::move(aware->ranges));
  return std::pair(folded(model, {.norms_as_convolutions = true}), std::map<int32_t, Range>());
}

}  // namespace

FoldedNetwork::FoldedNetwork(const std::string& name, const Options& options, int64_t batch)
    : FoldedNetwork(opened(name, options, batch), options.plan) {}

FoldedNetwork::FoldedNetwork(std::pair<InferenceModel, std::map<int32_t, Range>> opened, const PlanOptions& options)
    : model(std::move(opened.first)), plan(model, options), learned(ranges_by_group(plan, opened.second)) {}

FoldedNetwork::FoldedNetwork(InferenceModel given, const PlanOptions& options)
    : model(std::move(given)), plan(model, options) {}

int64_t calibration_batch(const Graph& graph, int64_t images) {
  const bool large = !graph.arguments().empty() && element_count(graph.arguments()[0].type.shape) > 64 * 64 * 3;
  int64_t batch = std::min<int64_t>(images, large ? 5 : 50);
  while (images % batch != 0) --batch;
  return batch;
}

InferenceModel copy_of(const InferenceModel& model) {
  return {.name = model.name,
          .graph = Graph::parse(model.graph.text(), model.name),
          .tensors = model.tensors,
          .preprocessing = model.preprocessing,
          .labels = model.labels,
          .confidence = model.confidence};
}

}  // namespace fovea
