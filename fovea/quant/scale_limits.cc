// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/scale_limits.h"

#include <algorithm>
#include <cmath>

#include "fovea/graph/operators.h"
#include "fovea/quant/parameters.h"

namespace fovea {
namespace {

// Within the limits of every runtime by a factor of two.
constexpr float most_product = 0x1p7F, least_sum = 0x1p-9F, least_product = 0x1p-15F, least_function = 0x1p-31F;

class Widening {
 public:
  Widening(const InferenceModel& model, const QuantizationPlan& plan, RangeMap& ranges)
      : model_(model), plan_(plan), ranges_(ranges), parameters_(parameter_values(model)) {}

  void run() {
    for (const QuantizationPlan::Layer& layer : plan_.layers()) {
      if (layer.integer) fill_empty(layer);
    }
    // Each pass only widens, and only to a bounded multiple of the existing ranges.
    bool changed = true;
    for (int pass = 0; changed && pass < 100; ++pass) {
      changed_ = false;
      for (const QuantizationPlan::Layer& layer : plan_.layers()) {
        if (layer.integer) fit(layer);
      }
      // The quantizer adds a softmax after logits.
      for (const Graph::Result& result : model_.graph.results()) widen(result.value, least_function);
      changed = changed_;
    }
  }

 private:
  bool is_parameter(Ref value) const { return parameters_.contains(value.index); }

  float scale(Ref value) const {
    if (!is_parameter(value)) return type_of(plan_, ranges_, value).quantization.scales[0];
    const auto [least, most] = std::ranges::minmax(parameters_.at(value.index).values<float>());
    return activation_type({least, most}).quantization.scales[0];
  }

  float largest(Ref parameter) const {
    float most = 0;
    for (const float value : parameters_.at(parameter.index).values<float>()) most = std::max(most, std::abs(value));
    return most;
  }

  void fill_empty(const QuantizationPlan::Layer& layer) {
    const auto range = ranges_.find(plan_.group_of(layer.output));
    if (range == ranges_.end() || plan_.fixed_type(layer.output)) return;
    const Range whole = with_zero(range->second);
    if (whole.maximum - whole.minimum >= least_width) return;
    const auto source = std::ranges::find_if(layer.inputs, [&](Ref input) { return !is_parameter(input); });
    const bool known = source != layer.inputs.end() && plan_.group_of(*source) != plan_.group_of(layer.output);
    range->second = {0, 255 * (known ? scale(*source) : 1)};
  }

  // Makes the scale of `value` at least `wanted`; prescribed types and parameters stay.
  void widen(Ref value, float wanted) {
    if (is_parameter(value) || plan_.fixed_type(value)) return;
    const auto range = ranges_.find(plan_.group_of(value));
    if (range == ranges_.end()) return;  // it belongs to a layer in f32
    const float now = scale(value);
    if (!(wanted > now) || !std::isfinite(wanted)) return;
    Range whole = with_zero(range->second);
    // Widens to the next power of two, so that few passes are enough.
    const float factor = std::exp2(std::ceil(std::log2(wanted / now)));
    range->second = {whole.minimum * factor, whole.maximum * factor};
    changed_ = true;
  }

  void fit(const QuantizationPlan::Layer& layer) {
    const Ref input = layer.inputs[0];
    if (layer.contraction()) {
      widen(layer.output, scale(input) * largest(layer.weight) / 127 / most_product);
      // A bias may take half of 32 bits.
      if (layer.has_bias()) widen(layer.output, largest(layer.bias) / 0x1p30F / most_product);
      return;
    }
    if (layer.node.is<ops::Add, ops::Sub>()) {
      for (const Ref operand : layer.inputs) {
        widen(layer.output, scale(operand) / most_product);
        widen(operand, scale(layer.output) * least_sum);
      }
      return;
    }
    if (layer.node.is<ops::Mul>()) {
      const float left = scale(layer.inputs[0]), right = scale(layer.inputs[1]);
      widen(layer.output, left * right / most_product);
      widen(layer.inputs[0], scale(layer.output) * least_product / right);
      widen(layer.inputs[1], scale(layer.output) * least_product / scale(layer.inputs[0]));
      return;
    }
    if (layer.keeps_type()) return;
    widen(layer.output, scale(input) / most_product);
    widen(input, scale(layer.output) * least_function);
  }

  const InferenceModel& model_;
  const QuantizationPlan& plan_;
  RangeMap& ranges_;
  const std::map<int32_t, Tensor> parameters_;
  bool changed_ = false;
};

}  // namespace

RangeMap widened_ranges(const InferenceModel& model, const QuantizationPlan& plan, RangeMap ranges) {
  Widening(model, plan, ranges).run();
  return ranges;
}

}  // namespace fovea
