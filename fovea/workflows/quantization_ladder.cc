// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/quantization_ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "fovea/core/error.h"
#include "fovea/data/loader.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/workflows/calibrated_network.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;
using Candidate = QuantizationCandidate;

constexpr std::pair<const char*, RangeMethod> methods[] = {{"minmax", RangeMethod::minmax},
                                                           {"percentile", RangeMethod::percentile},
                                                           {"mse", RangeMethod::mse},
                                                           {"entropy", RangeMethod::entropy}};

// A share of the answers. Methods for ranges differ by less, so a network that changes so many more answers than another with
// the method that was best for that one does not become the better one by another method.
constexpr double beyond_ranges = 0.05;

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

// What a network answers.
struct Answers {
  std::vector<int32_t> of_images;
  double top1 = 0;
};

class Ladder {
 public:
  Ladder(const std::string& name, const LadderOptions& options, Progress& progress)
      : options_(options),
        own_(options.quantize),
        progress_(progress),
        threads_(own_.threads > 0 ? own_.threads : ThreadPool::available()),
        network_(name, own_, threads_, progress),
        held_out_(own_.evaluation ? own_.evaluation : images_left(options)) {}

  LadderResult run();

 private:
  void climb();
  void try_ranges();
  void try_equalization();
  bool try_equalized(const std::string& how);
  void try_biases();
  void try_rounding();
  void try_layers(const char* what, LayerPatterns patterns);
  std::pair<Candidate, std::string> with_layers(const Candidate& base, LayerPatterns patterns,
                                                const std::vector<size_t>& layers, size_t count);

  bool found() const { return result_.reached; }
  Answers answers(InferenceModel model);
  bool try_step(const std::string& what, const std::string& detail, Candidate candidate);
  const LadderStep& measure(const std::string& what, const std::string& detail, const Candidate& candidate);
  bool improves() const;
  bool suffices(const LadderStep& step) const;
  void keep(Candidate candidate);
  void report(const LadderStep& step);

  const LadderOptions& options_;
  const QuantizeModelOptions& own_;
  Progress& progress_;
  ThreadPool threads_;
  CalibratedNetwork network_;
  std::shared_ptr<const Dataset> held_out_;
  int64_t pairs_ = 0;                                     // that were equalized before anything was tried
  RangeMethod method_ = RangeMethod::minmax;              // of the best network
  bool rounded_ = false, rounded_and_corrected_ = false;  // whether the best network's rounding is learned
  std::optional<Metrics> before_, after_, tried_;
  Answers real_;
  Candidate best_;
  Clock::time_point since_;
  LadderResult result_;
};

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
  const Answers got = answers(network_.integers(candidate));
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

void Ladder::try_ranges() {
  const std::string how = pairs_ > 0 ? fmt::format(", {} pairs of layers equalized", pairs_) : "";
  for (const auto& [name, method] : methods) {
    const bool learned = network_.has_ranges();
    if (try_step("ranges", learned ? "as trained" : name + how, network_.ranged(method))) method_ = method;
    if (found() || learned) return;
  }
}

// Equalizes the network, and chooses ranges for what it has become, with the best method so far first. Returns whether that is
// better; otherwise it is undone.
bool Ladder::try_equalized(const std::string& how) {
  CalibratedNetwork::Form before = network_.form();
  const int64_t pairs = network_.equalize();
  if (pairs == 0) return false;
  bool better = false;
  std::vector<std::pair<const char*, RangeMethod>> order(std::begin(methods), std::end(methods));
  std::ranges::stable_partition(order, [&](const auto& entry) { return entry.second == method_; });
  for (const auto& [name, method] : order) {
    if (try_step("equalization", fmt::format("{} pairs of layers{}, {}", pairs, how, name), network_.ranged(method))) {
      method_ = method;
      better = true;
    }
    if (found()) return true;
    if (result_.steps.back().agreement + beyond_ranges < result_.steps[result_.best].agreement) break;
  }
  if (!better) network_.set_form(std::move(before));
  return better;
}

// Equalizes the network, unless it is equalized already; then, where relu6 stands between layers, the same with relu in its
// place.
void Ladder::try_equalization() {
  const CalibratedNetwork::Form before = network_.form();
  if (pairs_ == 0) try_equalized("");
  if (found()) return;
  CalibratedNetwork::Form limited = network_.form();
  network_.set_form(before);
  if (network_.open_limits()) {
    if (try_equalized(", relu for relu6")) return;
    network_.close_limits();
  }
  network_.set_form(std::move(limited));
}

void Ladder::try_biases() {
  Candidate candidate = best_;
  network_.correct_biases(candidate);
  try_step("biases", "corrected by the mean error", std::move(candidate));
}

void Ladder::try_rounding() {
  Candidate candidate = best_;
  int64_t changed = 0, weights = 0;
  double ratios = 0;
  const std::vector<LearnedLayer> learned = network_.learn_rounding(candidate, options_.rounding, options_.rounding_images);
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
  network_.correct_biases(candidate);
  rounded_and_corrected_ = try_step("rounding", "learned, and biases corrected", std::move(candidate));
  rounded_ = rounded_ || rounded_and_corrected_;
}

// The candidate with the first `count` of `layers` (numbers in the plan) of a wider type, and what it is called.
std::pair<Candidate, std::string> Ladder::with_layers(const Candidate& base, LayerPatterns patterns,
                                                      const std::vector<size_t>& layers, size_t count) {
  Candidate candidate = base;
  std::string detail = fmt::format("{} of {}:", count, layers.size());
  for (size_t i = 0; i < count; ++i) detail += (i > 0 ? ", " : " ") + network_.plan().layers()[layers[i]].name;
  network_.widen(candidate, patterns, layers, count, method_);
  // Every layer has learned to make up for the layers before it, so that rounding is learned again when some of them change.
  if (rounded_) network_.learn_rounding(candidate, options_.rounding, options_.rounding_images);
  if (rounded_and_corrected_) network_.correct_biases(candidate);
  return {std::move(candidate), detail};
}

// The fewest layers of a wider type that suffice: 1, 2, 4, ... of those with the most noise until it does, then fewer by
// bisection. Where rounding is learned again for each number, which takes long, 1, 4, 16, ... without bisection.
void Ladder::try_layers(const char* what, LayerPatterns patterns) {
  std::vector<LayerNoise> noise = network_.noise(best_, own_.noise_images);
  std::erase_if(noise, [&](const LayerNoise& entry) { return !network_.plan().layers()[entry.layer].contraction(); });
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

// One method after the other, until one suffices.
void Ladder::climb() {
  const bool ranged = network_.has_ranges();  // trained for integers
  if (!ranged && !own_.scales.conv_per_channel) pairs_ = network_.equalize();
  try_ranges();
  if (!found() && !ranged) try_equalization();
  if (!found() && !ranged) try_biases();
  if (!found()) try_rounding();
  if (!found() && own_.scales.bits == 4) try_layers("8-bit layers", &PlanOptions::wide_layers);
  if (!found()) try_layers("float layers", &PlanOptions::float_layers);
}

LadderResult Ladder::run() {
  since_ = Clock::now();
  real_ = answers(network_.real());
  before_ = tried_;
  result_.images = std::ssize(real_.of_images);
  climb();
  result_.network = network_.finished(best_);
  if (own_.evaluation) {
    result_.network.before = before_;
    result_.network.after = after_;
  }
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
