// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "fovea/core/error.h"
#include "fovea/data/loader.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/inference/predictor.h"
#include "fovea/inference/session.h"
#include "fovea/quant/analysis.h"

namespace fovea {
namespace {

const Graph::Argument& input_of(const InferenceModel& model) {
  const Graph::Argument* input = nullptr;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role != Role::input) continue;
    if (input != nullptr) refuse("{} has several inputs; a network of one image can be calibrated", model.name);
    input = &argument;
  }
  if (input == nullptr || input->type.shape.size() != 4) refuse("{} does not read images: it cannot be calibrated", model.name);
  return *input;
}

// Visits all images, a batch at a time.
void visit_batches(const InferenceModel& model, const SampleImages& images, ThreadPool& threads,
                   const std::function<void(const Tensor& batch)>& visit) {
  const Shape& shape = input_of(model).type.shape;
  const int64_t batch = shape[0], count = std::min(images.count, images.dataset->count());
  if (count < batch) refuse("{} images are less than a batch of {}", count, batch);
  const bool encoded = images.dataset->encoded();
  Loader loader(images.dataset, {.batch = batch,
                                 .shuffle = true,
                                 .seed = images.seed,
                                 .shape = {shape[1], shape[2], shape[3]},
                                 .augmentation = evaluation_of(model.preprocessing),
                                 .workers = encoded ? threads.size() : 1});
  for (int64_t done = 0; done + batch <= count; done += batch) visit(loader.next().image);
}

// Runs `session` on all images, a batch at a time.
void run_images(Session& session, const InferenceModel& model, const SampleImages& images, ThreadPool& threads,
                Progress& progress, const char* title, const std::function<void()>& after) {
  const std::string& input = input_of(model).name;
  int64_t done = 0;
  progress.start(title, std::min(images.count, images.dataset->count()));
  visit_batches(model, images, threads, [&](const Tensor& batch) {
    session.bind(input, batch);
    session.run(threads);
    after();
    progress.update(done += batch.shape()[0], "");
  });
}

std::string numbered(const char* what, int64_t number) { return fmt::format("{}.{}", what, number); }

float number(const Session& session, const char* what, int64_t index) {
  return session.result(numbered(what, index)).data<float>()[0];
}

double decibels(double signal, double noise) { return noise > 0 ? 10 * std::log10(signal / noise) : INFINITY; }

}  // namespace

std::vector<Tensor> prepared_images(const InferenceModel& model, const SampleImages& images, ThreadPool& threads) {
  std::vector<Tensor> batches;
  visit_batches(model, images, threads, [&](const Tensor& batch) { batches.push_back(batch.clone()); });
  return batches;
}

namespace {

// The least and the largest number of every observed tensor.
std::map<int32_t, Range> extremes(const InferenceModel& model, const QuantizationPlan& plan, const SampleImages& images,
                                  ThreadPool& threads, Progress& progress) {
  std::map<int32_t, Range> ranges;
  Session session(observation_graph(model, plan, false), model.tensors, {.inference = true});
  run_images(session, model, images, threads, progress, "ranges", [&] {
    for (const Ref tensor : plan.observed()) {
      const Range seen{number(session, "minimum", tensor.index), number(session, "maximum", tensor.index)};
      const auto [entry, added] = ranges.try_emplace(tensor.index, seen);
      if (!added) entry->second = united(entry->second, seen);
    }
  });
  return ranges;
}

}  // namespace

std::map<int32_t, Histogram> observe(const InferenceModel& model, const QuantizationPlan& plan, const SampleImages& images,
                                     ThreadPool& threads, Progress& progress) {
  std::map<int32_t, Histogram> histograms;
  for (const auto& [tensor, range] : extremes(model, plan, images, threads, progress))
    histograms.emplace(tensor, Histogram(range));
  Session session(observation_graph(model, plan, true), model.tensors, {.inference = true});
  run_images(session, model, images, threads, progress, "histograms", [&] {
    for (auto& [tensor, histogram] : histograms) histogram.add(session.result(numbered("value", tensor)).values<float>());
  });
  return histograms;
}

std::map<int32_t, Range> calibrate(const InferenceModel& model, const QuantizationPlan& plan, RangeMethod method,
                                   const SampleImages& images, ThreadPool& threads, Progress& progress) {
  if (method == RangeMethod::minmax) return extremes(model, plan, images, threads, progress);
  std::map<int32_t, Range> ranges;
  for (const auto& [tensor, histogram] : observe(model, plan, images, threads, progress))
    ranges[tensor] = chosen_range(histogram, method);
  return ranges;
}

ChannelPeaks channel_peaks(const InferenceModel& model, const QuantizationPlan& plan, const SampleImages& images,
                           ThreadPool& threads, Progress& progress) {
  ChannelPeaks peaks;
  for (size_t i = 0; i < plan.layers().size(); ++i) {
    const QuantizationPlan::Layer& layer = plan.layers()[i];
    if (has_peaks(layer)) peaks[i].assign(static_cast<size_t>(model.graph.type(layer.output).shape.back()), -INFINITY);
  }
  if (peaks.empty()) return peaks;
  Session session(peak_graph(model, plan), model.tensors, {.inference = true});
  run_images(session, model, images, threads, progress, "peaks", [&] {
    for (auto& [layer, of_layer] : peaks) {
      const float* seen = session.result(numbered("peak", static_cast<int64_t>(layer))).data<float>();
      for (size_t c = 0; c < of_layer.size(); ++c) of_layer[c] = std::max(of_layer[c], seen[c]);
    }
  });
  return peaks;
}

std::vector<LayerNoise> measure_noise(const InferenceModel& model, const QuantizationPlan& plan, const RangeMap& ranges,
                                      WeightScales scales, const SampleImages& images, ThreadPool& threads,
                                      Progress& progress) {
  TensorMap tensors = range_tensors(plan, model, ranges);
  tensors.insert(model.tensors.begin(), model.tensors.end());
  Session session(noise_graph(model, plan, scales), tensors, {.inference = true});
  struct Sums {
    double signal = 0, alone = 0, together = 0;
    std::vector<double> shift;
  };
  std::map<size_t, Sums> sums;
  int64_t batches = 0;
  run_images(session, model, images, threads, progress, "noise", [&] {
    ++batches;
    for (size_t i = 0; i < plan.layers().size(); ++i) {
      const QuantizationPlan::Layer& layer = plan.layers()[i];
      if (!layer.integer || layer.keeps_type()) continue;
      const auto place = static_cast<int64_t>(i);
      Sums& of_layer = sums[i];
      of_layer.signal += number(session, "signal", place);
      of_layer.alone += number(session, "alone", place);
      of_layer.together += number(session, "together", place);
      if (!layer.contraction()) continue;
      const Tensor& shift = session.result(numbered("shift", place));
      of_layer.shift.resize(static_cast<size_t>(shift.size()));
      for (size_t c = 0; c < of_layer.shift.size(); ++c) of_layer.shift[c] += shift.data<float>()[c];
    }
  });
  std::vector<LayerNoise> noise;
  for (const auto& [layer, of_layer] : sums) {
    LayerNoise& entry = noise.emplace_back();
    entry.layer = layer;
    entry.alone = decibels(of_layer.signal, of_layer.alone);
    entry.together = decibels(of_layer.signal, of_layer.together);
    for (const double shift : of_layer.shift) entry.shift.push_back(static_cast<float>(shift / static_cast<double>(batches)));
  }
  return noise;
}

void correct_biases(InferenceModel& model, const QuantizationPlan& plan, const std::vector<LayerNoise>& noise) {
  const std::map<int32_t, std::string> names = argument_names(model.graph);
  std::map<int32_t, int> uses;
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    if (layer.has_bias()) ++uses[layer.bias.index];
  }
  for (const LayerNoise& entry : noise) {
    const QuantizationPlan::Layer& layer = plan.layers()[entry.layer];
    if (!layer.has_bias() || entry.shift.empty() || uses[layer.bias.index] > 1) continue;
    Tensor& bias = model.tensors.at(names.at(layer.bias.index));
    bias = bias.clone();
    for (size_t c = 0; c < entry.shift.size(); ++c) bias.data<float>()[c] -= entry.shift[c];
  }
}

}  // namespace fovea
