// SPDX-License-Identifier: Apache-2.0
/// \file
/// Simulates a plan in real numbers: every layer is computed as it is, on weights and results rounded as integers would hold
/// them (fake_quantize).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/graph/operators.h"
#include "fovea/nn/recorder.h"
#include "fovea/quant/plan.h"

namespace fovea {

/// The number of scales that weights have. By default a dense layer has one, by the original specification of TensorFlow Lite,
/// which older interpreters and the Edge TPU's compiler require.
struct WeightScales {
  bool conv_per_channel = true;    ///< a scale for each filter of convolutions
  bool dense_per_channel = false;  ///< a scale for each unit of dense layers
  int bits = 8;                    ///< of weights: 8, or 4, which layers that the plan calls wide do not have
  /// Whether the layer has a scale for each output channel.
  bool per_channel(const FusedLayer& layer) const { return layer.node.is<ops::Conv>() ? conv_per_channel : dense_per_channel; }
  /// The layer's integers are from -limit to limit.
  int64_t limit(const QuantizationPlan::Layer& layer) const { return bits == 4 && !layer.wide ? 7 : 127; }
};

/// The names of the two tensors ([] f32) with the range of a group.
struct RangeNames {
  std::string minimum;  ///< least number
  std::string maximum;  ///< largest number
};
/// The names for a group of the plan.
RangeNames range_names(const QuantizationPlan& plan, const InferenceModel& model, int32_t group);

/// All ranges of the plan as tensors: measured and prescribed ones.
std::map<std::string, Tensor> range_tensors(const QuantizationPlan& plan, const InferenceModel& model, const RangeMap& ranges);

/// Records the layers of a plan with rounding.
class Simulation {
 public:
  /// Records into `recorder`. `model` and `plan` must outlive it. `specs` are the parameters' specifications by name, where
  /// they are given; other parameters have default ones. Ranges are state.
  Simulation(Recorder& recorder, const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales,
             std::map<std::string, ParameterSpec> specs = {});

  /// The operands of a layer.
  struct Operands {
    std::vector<Value> inputs;    ///< in the layer's order
    std::optional<Value> weight;  ///< of conv and dense layers
    std::optional<Value> bias;    ///< if there is one
  };
  /// The operands without rounding.
  Operands real_operands(const QuantizationPlan::Layer& layer, const std::map<int32_t, Value>& values);
  /// The weight rounded to integers, and with `inputs_too` also the inputs.
  Operands integer_operands(const QuantizationPlan::Layer& layer, const std::map<int32_t, Value>& values, bool inputs_too);
  /// Records the layer's operators. `sum` is set to the value before its activation.
  Value write(const QuantizationPlan::Layer& layer, const Operands& operands, Value* sum = nullptr);
  /// The value rounded as the integers of that tensor hold it.
  Value held(Value x, Ref tensor);
  /// The least or largest number of a group.
  Value bound(int32_t group, bool maximum);

 private:
  Value parameter(Ref value);
  Value held_weight(const QuantizationPlan::Layer& layer);

  Recorder& recorder_;
  const InferenceModel& model_;
  const QuantizationPlan& plan_;
  WeightScales scales_;
  std::map<std::string, ParameterSpec> specs_;
  std::map<int32_t, std::string> names_;  // of parameters, by value
  std::map<std::string, std::shared_ptr<const void>> scopes_;
};

}  // namespace fovea
