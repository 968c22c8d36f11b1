// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/quantize_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fovea/core/error.h"
#include "fovea/graph/rewrite/folding.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/quant/calibration.h"
#include "fovea/quant/equalization.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/quantization_aware.h"
#include "fovea/quant/quantizer.h"
#include "fovea/quant/scale_limits.h"

namespace fovea {
namespace {

OpenOptions opening(const QuantizeModelOptions& options, int64_t batch) {
  OpenOptions open = options.open;
  open.batch = batch;
  open.output = Output::logits;
  return open;
}

// A batch that divides the images and leaves room for all tensors at once.
int64_t batch_for(const std::string& model, const QuantizeModelOptions& options) {
  const Graph graph = open_inference_model(model, opening(options, 1)).graph;
  const bool large = !graph.arguments().empty() && element_count(graph.arguments()[0].type.shape) > 64 * 64 * 3;
  int64_t batch = std::min<int64_t>(options.images, large ? 5 : 50);
  while (options.images % batch != 0) --batch;
  return batch;
}

// The float network, without norms, and its layers.
struct FoldedNetwork {
  InferenceModel model;
  QuantizationPlan plan;
  RangeMap learned;  // of a quantization-aware run

  FoldedNetwork(const std::string& name, const QuantizeModelOptions& options, int64_t batch)
      : FoldedNetwork(opened(name, options, batch), options) {}

 private:
  static std::pair<InferenceModel, std::map<int32_t, Range>> opened(const std::string& name,
                                                                    const QuantizeModelOptions& options, int64_t batch) {
    InferenceModel model = open_inference_model(name, opening(options, batch));
    for (const Graph::Argument& argument : model.graph.arguments()) {
      if (argument.type.quantization) refuse("{} holds integers already", name);
    }
    if (auto aware = learned_ranges(model)) return std::pair(std::move(aware->model), std::move(aware->ranges));
    return std::pair(folded(model, {.norms_as_convolutions = true}), std::map<int32_t, Range>());
  }

  FoldedNetwork(std::pair<InferenceModel, std::map<int32_t, Range>> opened, const QuantizeModelOptions& options)
      : model(std::move(opened.first)),
        plan(model, {.float_layers = options.float_layers}),
        learned(ranges_by_group(plan, opened.second)) {}
};

Metrics accuracy(InferenceModel model, const QuantizeModelOptions& options, ThreadPool& threads, Progress& progress) {
  ImageClassifier classifier(std::move(model));
  return evaluate(classifier, options.evaluation, threads, progress);
}

InferenceModel copy_of(const InferenceModel& model) {
  return {.name = model.name,
          .graph = Graph::parse(model.graph.text(), model.name),
          .tensors = model.tensors,
          .preprocessing = model.preprocessing,
          .labels = model.labels,
          .confidence = model.confidence};
}

// From images to ranges; equalizes before and corrects biases afterwards, as the options say.
std::vector<LayerNoise> calibrate_network(FoldedNetwork& network, RangeMap& ranges, const QuantizeModelOptions& options,
                                          ThreadPool& threads, Progress& progress) {
  const SampleImages images{.dataset = options.calibration, .count = options.images, .seed = options.seed};
  if (options.equalize) progress.say(fmt::format("{} pairs of layers equalized", equalize(network.model, network.plan)));
  ranges =
      network.learned.empty()
          ? ranges_by_group(network.plan, calibrate(network.model, network.plan, options.method, images, threads, progress))
          : network.learned;
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
  FoldedNetwork network(model, options, batch_for(model, options));
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
  FoldedNetwork single(model, options, 1);
  single.model.tensors = network.model.tensors;
  result.model = quantized(single.model, single.plan, ranges, form);
  return result;
}

}  // namespace fovea
