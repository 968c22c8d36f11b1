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

void Metrics::add(const Tensor& logits, std::span<const int32_t> labels) {
  const int64_t batch = static_cast<int64_t>(labels.size());
  if (logits.shape() != Shape{batch, classes_}) {
    fail("logits {} do not fit {} labels of {} classes", to_string(logits.shape()), batch, classes_);
  }
  const float* row = logits.data<float>();
  for (int64_t image = 0; image < batch; ++image, row += classes_) {
    const int64_t truth = labels[static_cast<size_t>(image)];
    if (truth < 0 || truth >= classes_) fail("label {} is not one of {} classes", truth, classes_);
    const double greatest = *std::max_element(row, row + classes_);
    double sum = 0;
    int64_t ahead = 0;
    for (int64_t each = 0; each < classes_; ++each) {
      sum += std::exp(row[each] - greatest);
      // Written so that a NaN, for which every comparison is false, is never right.
      ahead += each < truth ? !(row[each] < row[truth]) : each > truth && !(row[each] <= row[truth]);
    }
    loss_ += std::log(sum) + greatest - row[truth];
    first_ += ahead == 0;
    five_ += ahead < 5;
    const int64_t answer = std::max_element(row, row + classes_) - row;
    ++confusion_[static_cast<size_t>(truth * classes_ + answer)];
    ++count_;
  }
}

double Metrics::loss() const { return mean_of(loss_, count_); }
double Metrics::top1() const { return mean_of(static_cast<double>(first_), count_); }
double Metrics::top5() const { return mean_of(static_cast<double>(five_), count_); }

}  // namespace fovea
