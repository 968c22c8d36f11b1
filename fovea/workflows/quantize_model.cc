// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/quantize_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fovea/core/error.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/quant/calibration.h"
#include "fovea/quant/equalization.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/quantizer.h"
#include "fovea/quant/scale_limits.h"
#include "fovea/quant/weight_range.h"
#include "fovea/workflows/folded_network.h"

namespace fovea {
namespace {

FoldedNetwork::Options folding_of(const QuantizeModelOptions& options) {
  FoldedNetwork::Options folding;  // statements: where a member throws, GCC 12 destroys a nested aggregate twice
  folding.open = options.open;
  folding.plan.float_layers = options.float_layers;
  folding.plan.wide_layers = options.wide_layers;
  folding.anew = options.anew;
  return folding;
}

Metrics accuracy(InferenceModel model, const QuantizeModelOptions& options, ThreadPool& threads, Progress& progress) {
  ImageClassifier classifier(std::move(model));
  return evaluate(classifier, options.evaluation, threads, progress);
}

// From images to ranges; equalizes before and corrects biases afterwards, as the options say.
std::vector<LayerNoise> calibrate_network(FoldedNetwork& network, RangeMap& ranges, const QuantizeModelOptions& options,
                                          ThreadPool& threads, Progress& progress) {
  const SampleImages images{.dataset = options.calibration, .count = options.images, .seed = options.seed};
  if (options.equalize) {
    const ChannelPeaks peaks = channel_peaks(network.model, network.plan, images, threads, progress);
    progress.say(fmt::format("{} pairs of layers equalized", equalize(network.model, network.plan, peaks)));
  }
  ranges =
      network.learned.empty()
          ? ranges_by_group(network.plan, calibrate(network.model, network.plan, options.method, images, threads, progress))
          : network.learned;
  clip_weights(network.model, network.plan, options.scales);
  ranges = widened_ranges(network.model, network.plan, std::move(ranges));
  const SampleImages few{images.dataset, std::min(options.noise_images, options.images), images.seed};
  const auto measure = [&](const SampleImages& sample) {
    return measure_noise(network.model, network.plan, ranges, options.scales, sample, threads, progress);
  };
  if (options.correct_biases && network.learned.empty()) fovea::correct_biases(network.model, network.plan, measure(images));
  return measure(few);
}

}  // namespace

QuantizedModel quantize_model(const std::string& model, const QuantizeModelOptions& options, Progress& progress) {
  if (!options.calibration) refuse("{} is quantized by images that show its ranges, and none are given", model);
  if (options.images < 1) refuse("{} images show no ranges; at least 1 does", options.images);
  ThreadPool threads(options.threads > 0 ? options.threads : ThreadPool::available());
  FoldedNetwork single(model, folding_of(options), 1);
  FoldedNetwork network(model, folding_of(options), calibration_batch(single.model.graph, options.images));
  QuantizedModel result;
  for (const QuantizationPlan::Layer& layer : network.plan.layers())
    if (!layer.integer) result.float_layers.push_back(layer.name);
  result.layer_count = std::ssize(network.plan.layers());
  if (options.evaluation) result.before = accuracy(copy_of(network.model), options, threads, progress);
  RangeMap ranges;
  const std::vector<LayerNoise> noise = calibrate_network(network, ranges, options, threads, progress);
  const QuantizerOptions form{.scales = options.scales, .input = options.input};
  if (options.evaluation)
    result.after = accuracy(quantized(network.model, network.plan, ranges, form), options, threads, progress);
  for (const LayerNoise& entry : noise) {
    const QuantizationPlan::Layer& layer = network.plan.layers()[entry.layer];
    result.layers.push_back({.name = layer.name,
                             .op = layer.node.op,
                             .alone = entry.alone,
                             .together = entry.together,
                             .range = range_of(type_of(network.plan, ranges, layer.output))});
  }
  single.model.tensors = network.model.tensors;
  result.model = quantized(single.model, single.plan, ranges, form);
  return result;
}

}  // namespace fovea
