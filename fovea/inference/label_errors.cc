// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/label_errors.h"

#include <algorithm>

namespace fovea {
namespace {

// For each class, its mean probability over the images that are labeled with it; above 1 for a class without images.
std::vector<double> thresholds(const Predictions& held_out) {
  std::vector<double> sums(static_cast<size_t>(held_out.classes()));
  std::vector<int64_t> counts(sums.size());
  for (int64_t image = 0; image < held_out.count(); ++image) {
    const auto label = static_cast<size_t>(held_out.label(image));
    sums[label] += held_out.probabilities(image)[label];
    ++counts[label];
  }
  for (size_t label = 0; label < sums.size(); ++label)
    sums[label] = counts[label] > 0 ? sums[label] / static_cast<double>(counts[label]) : 2;
  return sums;
}

}  // namespace

std::vector<LabelSuspicion> label_suspicions(const Predictions& held_out) {
  const std::vector<double> least = thresholds(held_out);
  std::vector<LabelSuspicion> result;
  for (int64_t image = 0; image < held_out.count(); ++image) {
    const std::vector<double> probabilities = held_out.probabilities(image);
    const auto label = static_cast<size_t>(held_out.label(image));
    size_t other = label == 0 ? 1 : 0, confident = label;
    double most = 0;  // the highest probability among the classes that reach their threshold
    for (size_t j = 0; j < probabilities.size(); ++j) {
      if (j != label && probabilities[j] > probabilities[other]) other = j;
      if (probabilities[j] < least[j] || probabilities[j] <= most) continue;
      most = probabilities[j];
      confident = j;
    }
    result.push_back({.image = image,
                      .label = static_cast<int32_t>(label),
                      .likelier = static_cast<int32_t>(other),
                      .margin = probabilities[label] - probabilities[other],
                      .confident = confident != label});
  }
  std::ranges::stable_sort(result, {}, &LabelSuspicion::margin);
  return result;
}

}  // namespace fovea
