// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/metrics.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"

namespace fovea {
namespace {

double mean_of(double sum, int64_t count) { return count == 0 ? 0 : sum / static_cast<double>(count); }

}  // namespace

Metrics::Metrics(int64_t classes) : classes_(classes), confusion_(static_cast<size_t>(classes * classes)) {}

Metrics::Judgment Metrics::judge(std::span<const float> logits, int32_t label) {
  const auto classes = static_cast<int64_t>(logits.size());
  const int64_t truth = label;
  if (truth < 0 || truth >= classes) fail("label {} is not one of {} classes", truth, classes);
  const float* row = logits.data();
  const double greatest = *std::ranges::max_element(logits);
  double sum = 0;
  int64_t ahead = 0;
  for (int64_t each = 0; each < classes; ++each) {
    sum += std::exp(row[each] - greatest);
    // Written so that a NaN, for which every comparison is false, is never right.
    ahead += each < truth ? !(row[each] < row[truth]) : each > truth && !(row[each] <= row[truth]);
  }
  return {.loss = std::log(sum) + greatest - row[truth],
          .truth = label,
          .answer = static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin()),
          .ahead = static_cast<int32_t>(ahead)};
}

void Metrics::add(const Judgment& judgment) {
  loss_ += judgment.loss;
  first_ += judgment.ahead == 0;
  five_ += judgment.ahead < 5;
  ++confusion_[static_cast<size_t>(judgment.truth * classes_ + judgment.answer)];
  ++count_;
}

void Metrics::add(const Tensor& logits, std::span<const int32_t> labels) {
  const int64_t batch = static_cast<int64_t>(labels.size());
  if (logits.shape() != Shape{batch, classes_}) {
    fail("logits {} do not fit {} labels of {} classes", to_string(logits.shape()), batch, classes_);
  }
  const auto size = static_cast<size_t>(classes_);
  const std::span<const float> rows = logits.values<float>();
  for (size_t image = 0; image < labels.size(); ++image) add(judge(rows.subspan(image * size, size), labels[image]));
}

double Metrics::loss() const { return mean_of(loss_, count_); }
double Metrics::top1() const { return mean_of(static_cast<double>(first_), count_); }
double Metrics::top5() const { return mean_of(static_cast<double>(five_), count_); }

}  // namespace fovea
