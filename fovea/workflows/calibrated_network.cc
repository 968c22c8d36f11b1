// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/calibrated_network.h"

#include <algorithm>
#include <optional>

#include "fovea/core/glob.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/quant/equalization.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/quantizer.h"
#include "fovea/quant/scale_limits.h"
#include "fovea/quant/weight_range.h"

namespace fovea {
namespace {

PlanOptions plan_of(const QuantizeModelOptions& options) {
  PlanOptions plan;
  plan.float_layers = options.float_layers;
  plan.wide_layers = options.wide_layers;
  return plan;
}

FoldedNetwork::Options folding_of(const QuantizeModelOptions& options) {
  FoldedNetwork::Options folding;  // statements: where a member throws, GCC 12 destroys a nested aggregate twice
  folding.open = options.open;
  folding.plan = plan_of(options);
  folding.anew = options.anew;
  return folding;
}

}  // namespace

CalibratedNetwork::CalibratedNetwork(const std::string& name, const QuantizeModelOptions& options, ThreadPool& threads,
                                     Progress& progress)
    : options_(options),
      threads_(threads),
      progress_(progress),
      single_(name, folding_of(options), 1),
      batches_(name, folding_of(options), calibration_batch(single_.model.graph, options.images)) {
  form_.exact = batches_.model.tensors;
}

// The folded network with these tensors. Ranges are found by the numbers of values, which a copy of the graph may not share, so
// it is always the same graph.
InferenceModel& CalibratedNetwork::with(const TensorMap& tensors) {
  batches_.model.tensors = tensors;
  return batches_.model;
}

int64_t CalibratedNetwork::equalize() {
  InferenceModel& model = with(form_.exact);
  const ChannelPeaks peaks = channel_peaks(model, batches_.plan, images(), threads_, progress_);
  const int64_t pairs = fovea::equalize(model, batches_.plan, peaks);
  if (pairs > 0) form_ = {.exact = model.tensors, .histograms = {}};
  return pairs;
}

bool CalibratedNetwork::open_limits() {
  std::optional<InferenceModel> open = without_limits(with(form_.exact), batches_.plan);
  if (!open) return false;
  std::optional<InferenceModel> open_single = without_limits(single_.model, single_.plan);
  const PlanOptions plan = plan_of(options_);
  limited_.clear();
  limited_.push_back(std::exchange(single_, FoldedNetwork(std::move(*open_single), plan)));
  limited_.push_back(std::exchange(batches_, FoldedNetwork(std::move(*open), plan)));
  return true;
}

void CalibratedNetwork::close_limits() {
  batches_ = std::move(limited_.back());
  single_ = std::move(limited_.front());
  limited_.clear();
}

// Observes the model as it is, unless it has been observed.
void CalibratedNetwork::observe_tensors(const QuantizationPlan& plan) {
  const bool known = std::ranges::all_of(plan.observed(), [&](Ref value) { return form_.histograms.contains(value.index); });
  if (!known) form_.histograms = observe(batches_.model, plan, images(), threads_, progress_);
}

RangeMap CalibratedNetwork::ranges_of(const QuantizationPlan& plan, RangeMethod method) {
  if (has_ranges()) return widened_ranges(batches_.model, plan, batches_.learned);
  observe_tensors(plan);
  std::map<int32_t, Range> ranges;
  for (const Ref value : plan.observed()) ranges[value.index] = chosen_range(form_.histograms.at(value.index), method);
  return widened_ranges(batches_.model, plan, ranges_by_group(plan, ranges));
}

QuantizationCandidate CalibratedNetwork::ranged(RangeMethod method) {
  InferenceModel& model = with(form_.exact);
  if (!has_ranges()) observe_tensors(batches_.plan);
  clip_weights(model, batches_.plan, options_.scales);
  RangeMap ranges = ranges_of(batches_.plan, method);
  return {.tensors = model.tensors, .plan = plan_of(options_), .ranges = std::move(ranges)};
}

std::vector<LayerNoise> CalibratedNetwork::noise(const QuantizationCandidate& candidate, int64_t count) {
  const InferenceModel& model = with(candidate.tensors);
  SampleImages sample = images();
  sample.count = std::min(count, sample.count);
  return measure_noise(model, QuantizationPlan(model, candidate.plan), candidate.ranges, options_.scales, sample, threads_,
                       progress_);
}

void CalibratedNetwork::correct_biases(QuantizationCandidate& candidate) {
  const std::vector<LayerNoise> error = noise(candidate, options_.images);
  InferenceModel& model = with(candidate.tensors);
  fovea::correct_biases(model, QuantizationPlan(model, candidate.plan), error);
  candidate.tensors = model.tensors;
}

std::vector<LearnedLayer> CalibratedNetwork::learn_rounding(QuantizationCandidate& candidate, const RoundingOptions& options,
                                                            int64_t count) {
  InferenceModel& model = with(form_.exact);
  const QuantizationPlan plan(model, candidate.plan);
  clip_weights(model, plan, options_.scales);
  SampleImages sample = images();
  sample.count = std::min(count, sample.count);
  std::vector<LearnedLayer> learned =
      fovea::learn_rounding(model, form_.exact, plan, candidate.ranges, options_.scales, sample, options, threads_, progress_);
  candidate.tensors = model.tensors;
  return learned;
}

void CalibratedNetwork::widen(QuantizationCandidate& candidate, LayerPatterns patterns, const std::vector<size_t>& layers,
                              size_t count, RangeMethod method) {
  const std::map<int32_t, std::string> names = argument_names(batches_.model.graph);
  for (size_t i = 0; i < count; ++i) {
    const QuantizationPlan::Layer& layer = batches_.plan.layers()[layers[i]];
    (candidate.plan.*patterns).push_back(pattern_of(layer.name));
    for (const Ref parameter : {layer.weight, layer.bias}) {  // as they were before they were made for integers
      if (parameter.index >= 0) candidate.tensors[names.at(parameter.index)] = form_.exact.at(names.at(parameter.index));
    }
  }
  const InferenceModel& model = with(candidate.tensors);
  candidate.ranges = ranges_of(QuantizationPlan(model, candidate.plan), method);
}

InferenceModel CalibratedNetwork::integers(const QuantizationCandidate& candidate) {
  const InferenceModel& model = with(candidate.tensors);
  return quantized(model, QuantizationPlan(model, candidate.plan), candidate.ranges,
                   {.scales = options_.scales, .input = options_.input});
}

QuantizedModel CalibratedNetwork::finished(const QuantizationCandidate& candidate) {
  QuantizedModel result;
  single_.model.tensors = candidate.tensors;
  const QuantizationPlan plan(single_.model, candidate.plan);
  for (const QuantizationPlan::Layer& layer : plan.layers())
    if (!layer.integer) result.float_layers.push_back(layer.name);
  result.layer_count = std::ssize(plan.layers());
  for (const LayerNoise& entry : noise(candidate, options_.noise_images)) {
    const QuantizationPlan::Layer& layer = plan.layers()[entry.layer];
    result.layers.push_back({.name = layer.name,
                             .op = layer.node.op,
                             .alone = entry.alone,
                             .together = entry.together,
                             .range = range_of(type_of(plan, candidate.ranges, layer.output))});
  }
  result.model = quantized(single_.model, plan, candidate.ranges, {.scales = options_.scales, .input = options_.input});
  return result;
}

}  // namespace fovea
