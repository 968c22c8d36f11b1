// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/predictions.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"

namespace fovea {

void Predictions::add(const Tensor& logits, std::span<const int32_t> labels) {
  if (logits.shape() != Shape{std::ssize(labels), classes_})
    fail("logits {} do not fit {} labels of {} classes", to_string(logits.shape()), labels.size(), classes_);
  const std::span<const float> values = logits.values<float>();
  logits_.insert(logits_.end(), values.begin(), values.end());
  labels_.insert(labels_.end(), labels.begin(), labels.end());
}

std::span<const float> Predictions::logits(int64_t image) const {
  return std::span(logits_).subspan(static_cast<size_t>(image * classes_), static_cast<size_t>(classes_));
}

int32_t Predictions::answer(int64_t image) const {
  const std::span<const float> row = logits(image);
  return static_cast<int32_t>(std::ranges::max_element(row) - row.begin());
}

std::vector<double> Predictions::probabilities(int64_t image, double temperature) const {
  const std::span<const float> row = logits(image);
  const double most = *std::ranges::max_element(row);
  std::vector<double> result;
  double sum = 0;
  for (const float logit : row) sum += result.emplace_back(std::exp((static_cast<double>(logit) - most) / temperature));
  for (double& value : result) value /= sum;
  return result;
}

double Predictions::confidence(int64_t image, double temperature) const {
  const std::span<const float> row = logits(image);
  const double most = *std::ranges::max_element(row);
  double sum = 0;
  for (const float logit : row) sum += std::exp((static_cast<double>(logit) - most) / temperature);
  return 1 / sum;
}

double Predictions::loss(int64_t image, double temperature) const {
  const std::span<const float> row = logits(image);
  const double most = *std::ranges::max_element(row);
  double sum = 0;
  for (const float logit : row) sum += std::exp((static_cast<double>(logit) - most) / temperature);
  return std::log(sum) - (static_cast<double>(row[static_cast<size_t>(label(image))]) - most) / temperature;
}

Metrics metrics_of(const Predictions& predictions, double temperature) {
  Metrics metrics(predictions.classes());
  Tensor row({1, predictions.classes()}, DType::f32);
  for (int64_t image = 0; image < predictions.count(); ++image) {
    std::ranges::transform(predictions.logits(image), row.data<float>(),
                           [&](float logit) { return static_cast<float>(static_cast<double>(logit) / temperature); });
    const int32_t label = predictions.label(image);
    metrics.add(row, std::span(&label, 1));
  }
  return metrics;
}

}  // namespace fovea
