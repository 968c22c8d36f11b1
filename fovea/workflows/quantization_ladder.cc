// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/quantization_ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/glob.h"
#include "fovea/data/loader.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/quant/calibration.h"
#include "fovea/quant/equalization.h"
#include "fovea/quant/learned_rounding.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/quantizer.h"
#include "fovea/quant/scale_limits.h"
#include "fovea/quant/weight_range.h"
#include "fovea/workflows/folded_network.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

FoldedNetwork::Options folding_of(const QuantizeModelOptions& options, const PlanOptions& plan) {
  FoldedNetwork::Options folding;
  folding.open = options.open;
  folding.plan = plan;
  folding.anew = options.anew;
  return folding;
}

PlanOptions plan_of(const QuantizeModelOptions& options) {
  PlanOptions plan;
  plan.float_layers = options.float_layers;
  plan.wide_layers = options.wide_layers;
  return plan;
}

// The images of the calibration's data set that do not calibrate.
std::shared_ptr<const Dataset> images_left(const LadderOptions& options) {
  const QuantizeModelOptions& own = options.quantize;
  const int64_t all = own.calibration->count();
  std::vector<int64_t> order = epoch_order(all, own.seed, 0);
  order.erase(order.begin(), order.begin() + std::min(own.images, all));
  if (order.empty())
    refuse("no image is left to measure what is lost: all {} calibrate; fewer --images or an --evaluate leave some", all);
  order.resize(std::min(order.size(), static_cast<size_t>(std::max<int64_t>(options.held_out, 1))));
  return selected(own.calibration, std::move(order));
}

// The same images as if they had the labels of the network's classes, for a measure that does not read labels.
std::shared_ptr<const Dataset> without_labels(std::shared_ptr<const Dataset> dataset, int64_t classes) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  std::vector<int64_t> places(dataset->class_names().size(), 0);
  return renumbered(std::move(dataset), std::move(names), std::move(places));
}

// A network on its way: the tensors of the folded network, which of its layers are integers, and their ranges.
struct Candidate {
  TensorMap tensors;
  PlanOptions plan;
  RangeMap ranges;
};

// What a network answers.
struct Answers {
  std::vector<int32_t> of_images;
  double top1 = 0;
};

// The layers that have a wider type: in f32, or of 8 bits where others have 4.
using Patterns = std::vector<std::string> PlanOptions::*;

class Ladder {
 public:
  Ladder(const std::string& name, const LadderOptions& options, Progress& progress)
      : name_(name),
        options_(options),
        own_(options.quantize),
        progress_(progress),
        threads_(own_.threads > 0 ? own_.threads : ThreadPool::available()),
        plan_(plan_of(own_)),
        network_(name, folding_of(own_, plan_),
                 calibration_batch(FoldedNetwork(name, folding_of(own_, plan_), 1).model.graph, own_.images)),
        held_out_(own_.evaluation ? own_.evaluation : images_left(options)) {}

  LadderResult run();

 private:
  void try_ranges();
  void try_equalization();
  bool try_equalized(const TensorMap& tensors, const std::string& how);
  void try_biases();
  void try_rounding();
  std::vector<LearnedLayer> learn(Candidate& candidate);
  void correct(Candidate& candidate);
  void try_layers(const char* what, Patterns patterns);

  bool found() const { return result_.reached; }
  SampleImages images() const { return {.dataset = own_.calibration, .count = own_.images, .seed = own_.seed}; }
  InferenceModel& model_of(const Candidate& candidate);
  RangeMap ranges_of(const InferenceModel& model, const QuantizationPlan& plan, RangeMethod method);
  std::vector<LayerNoise> noise_of(const Candidate& candidate, int64_t count);
  Answers answers(InferenceModel model);
  bool try_step(const std::string& what, const std::string& detail, Candidate candidate);
  const LadderStep& measure(const std::string& what, const std::string& detail, const Candidate& candidate);
  bool improves() const;
  bool suffices(const LadderStep& step) const;
  void keep(Candidate candidate);
  void report(const LadderStep& step);
  std::pair<Candidate, std::string> with_layers(const Candidate& base, Patterns patterns, const std::vector<size_t>& layers,
                                                size_t count);
  TensorMap clipped(const TensorMap& tensors);
  QuantizedModel finished();

  const std::string& name_;
  const LadderOptions& options_;
  const QuantizeModelOptions& own_;
  Progress& progress_;
  ThreadPool threads_;
  const PlanOptions plan_;
  FoldedNetwork network_;
  std::shared_ptr<const Dataset> held_out_;
  std::map<int32_t, Histogram> histograms_;  // of the tensors of the best network's float form
  TensorMap exact_;                          // of the best network, before anything was made for integers
  RangeMethod method_ = RangeMethod::minmax;
  bool rounded_ = false, rounded_and_corrected_ = false;  // whether the best network's rounding is learned
  bool no_limits_ = false;                                // whether relu took the place of relu6
  std::optional<Metrics> before_, after_, tried_;
  Answers real_;
  Candidate best_;
  Clock::time_point since_;
  LadderResult result_;
};

// The folded network with the candidate's tensors. Ranges are found by the numbers of values, which a copy of the graph may not
// share, so it is always the same graph.
InferenceModel& Ladder::model_of(const Candidate& candidate) {
  network_.model.tensors = candidate.tensors;
  return network_.model;
}

Answers Ladder::answers(InferenceModel model) {
  ImageClassifier classifier(std::move(model));
  const auto dataset = own_.evaluation ? held_out_ : without_labels(held_out_, classifier.classes());
  Predictions predictions(std::ssize(dataset->class_names()));
  tried_ = evaluate(classifier, dataset, threads_, progress_, {.predictions = &predictions});
  Answers answers{.top1 = tried_->top1()};
  for (int64_t image = 0; image < predictions.count(); ++image) answers.of_images.push_back(predictions.answer(image));
  return answers;
}

void Ladder::report(const LadderStep& step) {
  const std::string measured = step.top1 ? fmt::format("top-1 {:.2f}%, ", 100 * *step.top1) : "";
  progress_.finish(fmt::format("{}: {}: {}agreement {:.2f}%", step.what, step.detail, measured, 100 * step.agreement));
}

// Measures a candidate, as one more step.
const LadderStep& Ladder::measure(const std::string& what, const std::string& detail, const Candidate& candidate) {
  const InferenceModel& model = model_of(candidate);
  const QuantizationPlan plan(model, candidate.plan);
  const Answers got = answers(quantized(model, plan, candidate.ranges, {.scales = own_.scales, .input = own_.input}));
  LadderStep step{.what = what, .detail = detail};
  int64_t equal = 0;
  for (size_t i = 0; i < got.of_images.size(); ++i) equal += got.of_images[i] == real_.of_images[i] ? 1 : 0;
  step.agreement = static_cast<double>(equal) / static_cast<double>(got.of_images.size());
  if (own_.evaluation) step.top1 = got.top1;
  step.lost = own_.evaluation ? real_.top1 - got.top1 : 1 - step.agreement;
  step.gained = result_.steps.empty() ? 0 : result_.steps[result_.best].lost - step.lost;
  const Clock::time_point now = Clock::now();
  step.seconds = std::chrono::duration<double>(now - since_).count();
  since_ = now;
  report(step);
  return result_.steps.emplace_back(step);
}

// Whether the last step is better than the best one.
bool Ladder::improves() const {
  const LadderStep &step = result_.steps.back(), &best = result_.steps[result_.best];
  if (result_.steps.size() == 1) return true;
  return step.lost != best.lost ? step.lost < best.lost : step.agreement > best.agreement;
}

// Shares of whole images are compared, so a millionth of an image is no image.
bool Ladder::suffices(const LadderStep& step) const {
  return step.lost <= options_.lose + 1e-6 / static_cast<double>(real_.of_images.size());
}

// Makes the last step, which measured this candidate, the best one.
void Ladder::keep(Candidate candidate) {
  best_ = std::move(candidate);
  after_ = tried_;
  result_.best = result_.steps.size() - 1;
  result_.steps.back().kept = true;
  result_.reached = suffices(result_.steps.back());
}

// Measures the candidate, and keeps it if it is better than all before. Returns whether it is.
bool Ladder::try_step(const std::string& what, const std::string& detail, Candidate candidate) {
  measure(what, detail, candidate);
  if (!improves()) return false;
  keep(std::move(candidate));
  return true;
}

// Tensors with the weights of layers of 4 bits clipped to the range that they are best held in.
TensorMap Ladder::clipped(const TensorMap& tensors) {
  network_.model.tensors = tensors;
  clip_weights(network_.model, network_.plan, own_.scales);
  return network_.model.tensors;
}

RangeMap Ladder::ranges_of(const InferenceModel& model, const QuantizationPlan& plan, RangeMethod method) {
  if (!network_.learned.empty()) return widened_ranges(model, plan, network_.learned);
  const bool known = std::ranges::all_of(plan.observed(), [&](Ref value) { return histograms_.contains(value.index); });
  if (!known) histograms_ = observe(model, plan, images(), threads_, progress_);
  std::map<int32_t, Range> ranges;
  for (const Ref value : plan.observed()) ranges[value.index] = chosen_range(histograms_.at(value.index), method);
  return widened_ranges(model, plan, ranges_by_group(plan, ranges));
}

void Ladder::try_ranges() {
  const std::pair<const char*, RangeMethod> methods[] = {{"minmax", RangeMethod::minmax},
                                                         {"percentile", RangeMethod::percentile},
                                                         {"mse", RangeMethod::mse},
                                                         {"entropy", RangeMethod::entropy}};
  for (const auto& [name, method] : methods) {
    const bool learned = !network_.learned.empty();
    Candidate candidate{.tensors = clipped(exact_), .plan = plan_, .ranges = {}};
    candidate.ranges = ranges_of(network_.model, network_.plan, method);
    if (try_step("ranges", learned ? "as trained" : name, std::move(candidate))) method_ = method;
    if (found() || learned) return;
  }
}

// Equalizes the best network; then, where relu6 stands between layers, the same network with relu in its place.
void Ladder::try_equalization() {
  const TensorMap before = exact_;
  try_equalized(before, "");
  if (found()) return;
  network_.model.tensors = before;
  std::optional<InferenceModel> open = without_limits(network_.model, network_.plan);
  if (!open) return;
  FoldedNetwork limited = std::exchange(network_, FoldedNetwork(std::move(*open), plan_));
  no_limits_ = true;
  if (try_equalized(before, ", with relu in place of relu6")) return;
  network_ = std::move(limited);
  no_limits_ = false;
}

// Equalizes these tensors of the network.
bool Ladder::try_equalized(const TensorMap& tensors, const std::string& how) {
  network_.model.tensors = tensors;
  const ChannelPeaks peaks = channel_peaks(network_.model, network_.plan, images(), threads_, progress_);
  const int64_t pairs = equalize(network_.model, network_.plan, peaks);
  if (pairs == 0) return false;
  const TensorMap equalized = network_.model.tensors;
  std::map<int32_t, Histogram> kept = std::exchange(histograms_, {});
  Candidate candidate{.tensors = clipped(equalized), .plan = plan_, .ranges = {}};
  network_.model.tensors = equalized;
  candidate.ranges = ranges_of(network_.model, network_.plan, method_);
  if (try_step("equalization", fmt::format("{} pairs of layers{}", pairs, how), std::move(candidate))) {
    exact_ = equalized;
    return true;
  }
  histograms_ = std::move(kept);
  return false;
}

std::vector<LayerNoise> Ladder::noise_of(const Candidate& candidate, int64_t count) {
  const InferenceModel& model = model_of(candidate);
  const QuantizationPlan plan(model, candidate.plan);
  SampleImages sample = images();
  sample.count = std::min(count, sample.count);
  return measure_noise(model, plan, candidate.ranges, own_.scales, sample, threads_, progress_);
}

void Ladder::try_biases() {
  Candidate candidate = best_;
  correct(candidate);
  try_step("biases", "corrected by the mean error", std::move(candidate));
}

// Learns the rounding of a candidate's exact tensors, with the biases as they are, since it makes up for the mean error, too.
std::vector<LearnedLayer> Ladder::learn(Candidate& candidate) {
  candidate.tensors = exact_;
  InferenceModel& model = model_of(candidate);
  const QuantizationPlan plan(model, candidate.plan);
  clip_weights(model, plan, own_.scales);
  SampleImages sample = images();
  sample.count = std::min(options_.rounding_images, sample.count);
  const std::vector<LearnedLayer> learned =
      learn_rounding(model, exact_, plan, candidate.ranges, own_.scales, sample, options_.rounding, threads_, progress_);
  candidate.tensors = model.tensors;
  return learned;
}

// Corrects what mean error is left.
void Ladder::correct(Candidate& candidate) {
  const std::vector<LayerNoise> noise = noise_of(candidate, own_.images);
  InferenceModel& model = model_of(candidate);
  correct_biases(model, QuantizationPlan(model, candidate.plan), noise);
  candidate.tensors = model.tensors;
}

void Ladder::try_rounding() {
  Candidate candidate = best_;
  int64_t changed = 0, weights = 0;
  double ratios = 0;
  const std::vector<LearnedLayer> learned = learn(candidate);
  for (const LearnedLayer& layer : learned) {
    changed += layer.changed;
    weights += layer.weights;
    ratios += layer.nearest > 0 ? layer.learned / layer.nearest : 1;
  }
  rounded_ = try_step("rounding",
                      fmt::format("learned, {:.1f}% of the weights not to the nearest; {:.2f} of the error of a layer",
                                  100.0 * static_cast<double>(changed) / static_cast<double>(std::max<int64_t>(weights, 1)),
                                  ratios / std::max(static_cast<double>(learned.size()), 1.0)),
                      candidate);
  if (found()) return;
  correct(candidate);
  rounded_and_corrected_ = try_step("rounding", "learned, and biases corrected", std::move(candidate));
  rounded_ = rounded_ || rounded_and_corrected_;
}

// The candidate with the first `count` of `layers` (numbers in the plan) of a wider type, and what it is called.
std::pair<Candidate, std::string> Ladder::with_layers(const Candidate& base, Patterns patterns,
                                                      const std::vector<size_t>& layers, size_t count) {
  const std::map<int32_t, std::string> names = argument_names(network_.model.graph);
  Candidate candidate = base;
  std::string detail = fmt::format("{} of {}:", count, layers.size());
  for (size_t i = 0; i < count; ++i) {
    const QuantizationPlan::Layer& layer = network_.plan.layers()[layers[i]];
    (candidate.plan.*patterns).push_back(pattern_of(layer.name));
    detail += (i > 0 ? ", " : " ") + layer.name;
    for (const Ref parameter : {layer.weight, layer.bias}) {  // as they were before they were made for integers
      if (parameter.index >= 0) candidate.tensors[names.at(parameter.index)] = exact_.at(names.at(parameter.index));
    }
  }
  const InferenceModel& model = model_of(candidate);
  candidate.ranges = ranges_of(model, QuantizationPlan(model, candidate.plan), method_);
  // Every layer has learned to make up for the layers before it, so that rounding is learned again when some of them change.
  if (rounded_) learn(candidate);
  if (rounded_and_corrected_) correct(candidate);
  return {std::move(candidate), detail};
}

// The fewest layers of a wider type that suffice: 1, 2, 4, ... of those with the most noise until it does, then fewer by
// bisection. Where rounding is learned again for each number, which takes long, 1, 4, 16, ... without bisection.
void Ladder::try_layers(const char* what, Patterns patterns) {
  std::vector<LayerNoise> noise = noise_of(best_, own_.noise_images);
  std::erase_if(noise, [&](const LayerNoise& entry) { return !network_.plan.layers()[entry.layer].contraction(); });
  std::ranges::stable_sort(noise, {}, &LayerNoise::alone);
  std::vector<size_t> layers;
  for (const LayerNoise& entry : noise) layers.push_back(entry.layer);
  const Candidate base = best_;
  const auto most = static_cast<size_t>(static_cast<double>(layers.size()) * options_.most_float_share);
  size_t fewer = 0, enough = most + 1;
  for (size_t count = 1; count < enough && count > fewer;) {
    auto [candidate, detail] = with_layers(base, patterns, layers, count);
    const bool sufficient = suffices(measure(what, detail, candidate));
    if (sufficient) {
      if (found()) result_.steps[result_.best].kept = false;  // fewer layers take its place
      keep(std::move(candidate));
      enough = count;
    } else {
      if (!found() && improves()) keep(std::move(candidate));
      fewer = count;
    }
    if (found() && rounded_) return;
    count = found() ? (fewer + enough) / 2 : std::min((rounded_ ? 4 : 2) * count, std::max(most, count));
  }
}

QuantizedModel Ladder::finished() {
  QuantizedModel result;
  const FoldedNetwork::Options folding = folding_of(own_, best_.plan);
  FoldedNetwork single(name_, folding, 1);
  if (no_limits_) single = FoldedNetwork(*without_limits(single.model, single.plan), best_.plan);
  single.model.tensors = best_.tensors;
  for (const QuantizationPlan::Layer& layer : single.plan.layers())
    if (!layer.integer) result.float_layers.push_back(layer.name);
  result.layer_count = std::ssize(single.plan.layers());
  for (const LayerNoise& entry : noise_of(best_, own_.noise_images)) {
    const QuantizationPlan::Layer& layer = single.plan.layers()[entry.layer];
    result.layers.push_back({.name = layer.name,
                             .op = layer.node.op,
                             .alone = entry.alone,
                             .together = entry.together,
                             .range = range_of(type_of(single.plan, best_.ranges, layer.output))});
  }
  result.model = quantized(single.model, single.plan, best_.ranges, {.scales = own_.scales, .input = own_.input});
  if (own_.evaluation) {
    result.before = before_;
    result.after = after_;
  }
  return result;
}

LadderResult Ladder::run() {
  since_ = Clock::now();
  real_ = answers(copy_of(network_.model));
  before_ = tried_;
  result_.images = std::ssize(real_.of_images);
  exact_ = network_.model.tensors;
  try_ranges();
  const bool trained_for_integers = !network_.learned.empty();
  if (!found() && !trained_for_integers) try_equalization();
  if (!found() && !trained_for_integers) try_biases();
  if (!found()) try_rounding();
  if (!found() && own_.scales.bits == 4) try_layers("8-bit layers", &PlanOptions::wide_layers);
  if (!found()) try_layers("float layers", &PlanOptions::float_layers);
  result_.network = finished();
  return std::move(result_);
}

}  // namespace

LadderResult quantize_within(const std::string& model, const LadderOptions& options, Progress& progress) {
  if (!options.quantize.calibration) refuse("{} is quantized by images that show its ranges, and none are given", model);
  if (options.quantize.images < 1) refuse("{} images show no ranges; at least 1 does", options.quantize.images);
  if (!(options.lose >= 0 && options.lose < 1))
    refuse("a network of integers may lose a share from 0 up to 1 of its accuracy, not {}", options.lose);
  return Ladder(model, options, progress).run();
}

}  // namespace fovea
