// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/reliability.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr double coldest = 0.05, hottest = 20;
constexpr int64_t least_images = 20;

double loss_at(const Predictions& predictions, double temperature) {
  double sum = 0;
  for (int64_t image = 0; image < predictions.count(); ++image) sum += predictions.loss(image, temperature);
  return sum / static_cast<double>(predictions.count());
}

// Every second image, because data sets are usually sorted by class and so each half contains all classes.
Predictions half(const Predictions& predictions, int64_t first) {
  Predictions part(predictions.classes());
  Tensor row({1, predictions.classes()}, DType::f32);
  for (int64_t image = first; image < predictions.count(); image += 2) {
    std::ranges::copy(predictions.logits(image), row.data<float>());
    const int32_t label = predictions.label(image);
    part.add(row, std::span(&label, 1));
  }
  return part;
}

}  // namespace

Reliability reliability(const Predictions& predictions, double temperature, int bins) {
  if (bins < 1) refuse("a reliability diagram has at least 1 bin, not {}", bins);
  Reliability result;
  result.bins.resize(static_cast<size_t>(bins));
  for (int64_t image = 0; image < predictions.count(); ++image) {
    const double confidence = predictions.confidence(image, temperature);
    const auto bin = std::min(result.bins.size() - 1, static_cast<size_t>(confidence * bins));
    ++result.bins[bin].count;
    result.bins[bin].confidence += confidence;
    result.bins[bin].accuracy += predictions.right(image) ? 1 : 0;
  }
  for (ReliabilityBin& bin : result.bins) {
    if (bin.count == 0) continue;
    result.ece += std::abs(bin.accuracy - bin.confidence) / static_cast<double>(predictions.count());
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return result;
}

// The loss is convex in 1 / temperature, so a golden-section search over it finds the only minimum.
double fitted_temperature(const Predictions& predictions) {
  if (predictions.count() == 0) return 1;
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double low = 1 / hottest, high = 1 / coldest;
  const auto at = [&](double inverse) { return loss_at(predictions, 1 / inverse); };
  double left = high - ratio * (high - low), right = low + ratio * (high - low);
  double left_loss = at(left), right_loss = at(right);
  while (high - low > 1e-6 * high) {
    if (left_loss <= right_loss) {
      high = right;
      right = left;
      right_loss = left_loss;
      left_loss = at(left = high - ratio * (high - low));
    } else {
      low = left;
      left = right;
      left_loss = right_loss;
      right_loss = at(right = low + ratio * (high - low));
    }
  }
  return 2 / (low + high);
}

Rejection rejection(const Predictions& predictions, const Confidence& confidence) {
  Rejection result{.unknown_below = confidence.unknown_below};
  for (int64_t image = 0; image < predictions.count(); ++image) {
    if (predictions.confidence(image, confidence.temperature) < confidence.unknown_below) {
      ++result.unknown;
    } else {
      ++result.answered;
      result.wrong += predictions.right(image) ? 0 : 1;
    }
  }
  return result;
}

std::optional<Rejection> chosen_rejection(const Predictions& predictions, double temperature, double wanted_error) {
  const int64_t count = predictions.count();
  std::vector<double> confidences;
  for (int64_t image = 0; image < count; ++image) confidences.push_back(predictions.confidence(image, temperature));
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](int64_t image) { return confidences[static_cast<size_t>(image)]; });
  std::optional<Rejection> best;
  int64_t wrong = 0;
  for (int64_t answered = 1; answered <= count; ++answered) {
    const int64_t image = order[static_cast<size_t>(answered - 1)];
    wrong += predictions.right(image) ? 0 : 1;
    const double last = confidences[static_cast<size_t>(image)];
    const double next = answered < count ? confidences[static_cast<size_t>(order[static_cast<size_t>(answered)])] : -1;
    if (next == last || static_cast<double>(wrong) > wanted_error * static_cast<double>(answered)) continue;
    // The threshold is halfway to the first answer that is withheld, so that rounding in another program does not decide.
    best = Rejection{.unknown_below = answered < count ? (last + next) / 2 : 0,
                     .answered = answered,
                     .wrong = wrong,
                     .unknown = count - answered};
  }
  return best;
}

ConfidenceFit fit_confidence(const Predictions& predictions, std::optional<double> wanted_error) {
  if (predictions.count() < least_images)
    refuse("{} images are too few to judge probabilities by; at least {} are needed", predictions.count(), least_images);
  if (wanted_error && !(*wanted_error > 0 && *wanted_error < 1))
    refuse("the share of wrong answers to allow must be between 0 and 1, not {}", *wanted_error);
  ConfidenceFit fit{.confidence = {.temperature = fitted_temperature(predictions)}, .ece = reliability(predictions).ece};
  if (wanted_error) {
    const std::optional<Rejection> chosen = chosen_rejection(predictions, fit.confidence.temperature, *wanted_error);
    if (!chosen)
      refuse("no threshold allows only {:g}% of wrong answers: the most confident answer is wrong", 100 * *wanted_error);
    fit.chosen = *chosen;
    fit.confidence.unknown_below = chosen->unknown_below;
  }
  const Predictions halves[] = {half(predictions, 0), half(predictions, 1)};
  for (int i = 0; i < 2; ++i) {
    const Predictions &chooser = halves[1 - i], &judged = halves[i];
    Confidence confidence{.temperature = fitted_temperature(chooser)};
    fit.held_out_ece += reliability(judged, confidence.temperature).ece * static_cast<double>(judged.count()) /
                        static_cast<double>(predictions.count());
    if (!wanted_error) continue;
    const std::optional<Rejection> chosen = chosen_rejection(chooser, confidence.temperature, *wanted_error);
    confidence.unknown_below = chosen ? chosen->unknown_below : 1;
    const Rejection part = rejection(judged, confidence);
    fit.held_out.answered += part.answered;
    fit.held_out.wrong += part.wrong;
    fit.held_out.unknown += part.unknown;
  }
  return fit;
}

}  // namespace fovea
