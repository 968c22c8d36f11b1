// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/classification_report.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr double z = 1.959963984540054;  // quantile of the normal distribution that leaves 2.5% in each tail

double f1_of(double jaccard) { return 2 * jaccard / (1 + jaccard); }

}  // namespace

Share wilson(int64_t count, int64_t total) {
  if (total == 0) return {};
  const auto n = static_cast<double>(total);
  const double share = static_cast<double>(count) / n, scale = 1 + z * z / n;
  const double middle = (share + z * z / (2 * n)) / scale;
  const double reach = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale;
  // For a count of 0 or of `total`, one bound is exactly 0 or 1, and rounding must not move it past the share.
  return {share, count == 0 ? 0 : std::max(0.0, middle - reach), count == total ? 1 : std::min(1.0, middle + reach)};
}

std::vector<ClassReport> classification_report(std::span<const int64_t> confusion, int64_t classes) {
  if (std::ssize(confusion) != classes * classes)
    fail("a confusion matrix of {} counts does not belong to {} classes", confusion.size(), classes);
  std::vector<ClassReport> report(static_cast<size_t>(classes));
  for (int64_t truth = 0; truth < classes; ++truth) {
    for (int64_t answer = 0; answer < classes; ++answer) {
      const int64_t count = confusion[static_cast<size_t>(truth * classes + answer)];
      report[static_cast<size_t>(truth)].images += count;
      report[static_cast<size_t>(answer)].answers += count;
      if (truth == answer) report[static_cast<size_t>(truth)].right += count;
    }
  }
  for (ClassReport& each : report) {
    each.precision = wilson(each.right, each.answers);
    each.recall = wilson(each.right, each.images);
    const Share jaccard = wilson(each.right, each.images + each.answers - each.right);
    each.f1 = {f1_of(jaccard.value), f1_of(jaccard.low), f1_of(jaccard.high)};
  }
  return report;
}

double macro_f1(const std::vector<ClassReport>& classes) {
  double sum = 0;
  int64_t count = 0;
  for (const ClassReport& each : classes) {
    if (each.images == 0) continue;
    sum += each.f1.value;
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

}  // namespace fovea
