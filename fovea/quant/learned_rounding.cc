// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/learned_rounding.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/inference/session.h"
#include "fovea/quant/analysis.h"
#include "fovea/quant/layer_weights.h"
#include "fovea/quant/sample_tiles.h"

namespace fovea {
namespace {

// Layers whose samples are collected from one program, which ends after the last of them.
constexpr size_t layers_at_a_time = 6;
// Results of a tile in each dimension, and the samples of a layer that are wanted.
constexpr int64_t tile_extent = 7, wanted_samples = 512;

class RoundingOfNetwork {
 public:
  RoundingOfNetwork(InferenceModel& model, const TensorMap& exact, const QuantizationPlan& plan, const RangeMap& ranges,
                    const WeightScales& scales, const RoundingOptions& options, ThreadPool& threads)
      : model_(model),
        exact_(exact),
        plan_(plan),
        ranges_(ranges),
        scales_(scales),
        options_(options),
        threads_(threads),
        trainer_(options) {
    for (const Graph::Argument& argument : model.graph.arguments()) names_[argument.value.index] = argument.name;
    for (const Graph::Argument& argument : model.graph.arguments())
      if (argument.role == Role::input) input_ = argument.name;
    for (const QuantizationPlan::Layer& layer : plan.layers())
      if (layer.has_bias()) ++bias_uses_[layer.bias.index];
  }

  std::vector<LearnedLayer> run(const SampleImages& images, Progress& progress) {
    batches_ = prepared_images(model_, images, threads_);
    for (const Tensor& batch : batches_) images_ += batch.shape()[0];
    const std::vector<size_t> layers = learned_layers();
    std::vector<LearnedLayer> learned;
    progress.start("rounding", std::ssize(layers), 0, {.name = "layers"});
    for (size_t first = 0; first < layers.size(); first += layers_at_a_time) {
      const size_t last = std::min(first + layers_at_a_time, layers.size());
      learn_together({layers.begin() + static_cast<std::ptrdiff_t>(first), layers.begin() + static_cast<std::ptrdiff_t>(last)},
                     learned, progress);
    }
    return learned;
  }

 private:
  std::vector<size_t> learned_layers() const {
    std::map<int32_t, int> uses;
    for (const QuantizationPlan::Layer& layer : plan_.layers())
      if (layer.has_weight()) ++uses[layer.weight.index];
    std::vector<size_t> layers;
    for (size_t i = 0; i < plan_.layers().size(); ++i) {
      const QuantizationPlan::Layer& layer = plan_.layers()[i];
      if (layer.integer && layer.contraction() && uses.at(layer.weight.index) == 1) layers.push_back(i);
    }
    return layers;
  }

  void learn_together(const std::vector<size_t>& layers, std::vector<LearnedLayer>& learned, Progress& progress) {
    std::map<size_t, SampleTiles> tiles;
    for (const size_t layer : layers) {
      const int64_t each = std::max<int64_t>(1, wanted_samples / images_);
      tiles.emplace(layer, SampleTiles(model_.graph, plan_.layers()[layer], tile_extent, each, options_.seed));
    }
    std::map<size_t, Tensor> targets = targets_of(layers, tiles);
    TensorMap tensors = range_tensors(plan_, model_, ranges_);
    tensors.insert(model_.tensors.begin(), model_.tensors.end());
    Session session(input_graph(model_, plan_, scales_, layers), tensors, {.inference = true});
    for (const size_t number : layers) {
      const QuantizationPlan::Layer& layer = plan_.layers()[number];
      RoundingTask task = task_of(layer);
      task.targets = targets.at(number);
      task.inputs = Tensor(tiles.at(number).input_shape(images_), DType::f32);
      run_batches(session, [&](int64_t first) {
        tiles.at(number).gather_inputs(session.result("input." + std::to_string(layer.inputs[0].index)), first, task.inputs);
      });
      const LayerRounding rounding = trainer_.learn(task, hash_of(layer.name), threads_);
      targets.erase(number);
      replace(session, layer.weight, rounding.weight);
      if (task.learns_bias) replace(session, layer.bias, rounding.bias);
      learned.push_back({number, rounding.nearest, rounding.learned, rounding.changed, rounding.weight.size()});
      progress.update(std::ssize(learned), layer.name);
    }
  }

  // Gives a tensor of the network its new values, also in the program that computes what later layers read.
  void replace(Session& session, Ref parameter, const Tensor& values) {
    const std::string& name = names_.at(parameter.index);
    model_.tensors.at(name) = values;
    if (!session.has_argument(name)) return;
    session.bind(name, values);
    session.values_changed();
  }

  std::map<size_t, Tensor> targets_of(const std::vector<size_t>& layers, const std::map<size_t, SampleTiles>& tiles) {
    std::map<size_t, Tensor> targets;
    for (const size_t layer : layers) targets[layer] = Tensor(tiles.at(layer).target_shape(images_), DType::f32);
    Session session(target_graph(model_, plan_, layers), exact_, {.inference = true});
    run_batches(session, [&](int64_t first) {
      for (const size_t layer : layers)
        tiles.at(layer).gather_targets(session.result("target." + std::to_string(layer)), first, targets.at(layer));
    });
    return targets;
  }

  template <typename After>
  void run_batches(Session& session, After after) {
    int64_t first = 0;
    for (const Tensor& batch : batches_) {
      session.bind(input_, batch);
      session.run(threads_);
      after(first);
      first += batch.shape()[0];
    }
  }

  RoundingTask task_of(const QuantizationPlan::Layer& layer) const {
    RoundingTask task{.op = layer.node.op, .activation = layer.activation};
    task.strides = layer.node.get("strides", std::vector<int64_t>{});
    task.dilations = layer.node.get("dilations", std::vector<int64_t>{});
    task.groups = layer.node.get<int64_t>("groups", 1);
    task.limit = scales_.limit(layer);
    task.weight = exact_.at(names_.at(layer.weight.index));
    if (layer.has_bias()) task.bias = exact_.at(names_.at(layer.bias.index));
    task.learns_bias = layer.has_bias() && bias_uses_.at(layer.bias.index) == 1;
    const float input = type_of(plan_, ranges_, layer.inputs[0]).quantization.scales[0];
    const float output = type_of(plan_, ranges_, layer.output).quantization.scales[0];
    task.scales = weight_steps(
        layer, layer_weights(layer, model_.tensors.at(names_.at(layer.weight.index)), task.bias, scales_, input, output));
    return task;
  }

  InferenceModel& model_;
  const TensorMap& exact_;
  const QuantizationPlan& plan_;
  const RangeMap& ranges_;
  const WeightScales& scales_;
  const RoundingOptions& options_;
  ThreadPool& threads_;
  RoundingTrainer trainer_;
  std::map<int32_t, std::string> names_;
  std::map<int32_t, int> bias_uses_;
  std::string input_;
  std::vector<Tensor> batches_;
  int64_t images_ = 0;
};

}  // namespace

std::vector<LearnedLayer> learn_rounding(InferenceModel& model, const TensorMap& exact, const QuantizationPlan& plan,
                                         const RangeMap& ranges, const WeightScales& scales, const SampleImages& images,
                                         const RoundingOptions& options, ThreadPool& threads, Progress& progress) {
  return RoundingOfNetwork(model, exact, plan, ranges, scales, options, threads).run(images, progress);
}

}  // namespace fovea
