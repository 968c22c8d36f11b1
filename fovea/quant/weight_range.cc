// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/weight_range.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "fovea/graph/rewrite/graph_copy.h"

namespace fovea {
namespace {

// The end of the range for the weights `first`, `first` + `step`, ...
float best_end(const Tensor& weight, int64_t first, int64_t step, float limit) {
  float largest = 0;
  for (int64_t i = first; i < weight.size(); i += step) largest = std::max(largest, std::abs(weight.data<float>()[i]));
  constexpr int fractions = 64;
  float best = largest;
  double least = INFINITY;
  for (int n = fractions; n > fractions / 4; --n) {
    const float end = largest * static_cast<float>(n) / fractions, scale = end / limit;
    if (!(scale > 0)) break;
    double error = 0;
    for (int64_t i = first; i < weight.size(); i += step) {
      const float value = weight.data<float>()[i];
      const double change = std::clamp(std::nearbyint(value / scale), -limit, limit) * scale - value;
      error += change * change;
    }
    if (error < least) {
      least = error;
      best = end;
    }
  }
  return best;
}

}  // namespace

int64_t clip_weights(InferenceModel& model, const QuantizationPlan& plan, const WeightScales& scales) {
  const std::map<int32_t, std::string> names = argument_names(model.graph);
  std::map<int32_t, int> uses;
  for (const QuantizationPlan::Layer& layer : plan.layers())
    if (layer.has_weight()) ++uses[layer.weight.index];
  int64_t clipped = 0;
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    if (!layer.integer || !layer.contraction() || scales.limit(layer) == 127 || uses.at(layer.weight.index) > 1) continue;
    Tensor& weight = model.tensors.at(names.at(layer.weight.index));
    weight = weight.clone();
    const int64_t ranges = scales.per_channel(layer) ? weight.shape().back() : 1;
    for (int64_t range = 0; range < ranges; ++range) {
      const float end = best_end(weight, range, ranges, static_cast<float>(scales.limit(layer)));
      for (int64_t i = range; i < weight.size(); i += ranges)
        weight.data<float>()[i] = std::clamp(weight.data<float>()[i], -end, end);
    }
    ++clipped;
  }
  return clipped;
}

}  // namespace fovea
