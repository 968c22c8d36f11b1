// SPDX-License-Identifier: Apache-2.0
// A plan in real numbers: every layer as it stands, its weights and results as integers would hold them (fake_quantize).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/nn/recorder.h"
#include "fovea/quant/plan.h"

namespace fovea {

// How many scales weights have. Dense layers have one for all by default: the original specification of TensorFlow Lite, which
// older interpreters and the Edge TPU's compiler keep to.
struct WeightScales {
  bool conv_per_channel = true;
  bool dense_per_channel = false;
  bool per_channel(const FusedLayer& layer) const { return layer.node.op == "conv" ? conv_per_channel : dense_per_channel; }
};

// The group's range is kept in two tensors of these names, [] f32.
struct RangeNames {
  std::string minimum, maximum;
};
RangeNames range_names(const QuantizationPlan& plan, const InferenceModel& model, int32_t group);

// Every range of the plan as tensors: those measured, and those by rule.
std::map<std::string, Tensor> range_tensors(const QuantizationPlan& plan, const InferenceModel& model, const RangeMap& ranges);

class Simulation {
 public:
  // Writes into `recorder`. `model` and `plan` outlive it. `specs` of parameters are kept where they are given, by name; others
  // are plain parameters. Ranges are state.
  Simulation(Recorder& recorder, const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales,
             std::map<std::string, ParameterSpec> specs = {});

  struct Operands {
    std::vector<Value> inputs;
    std::optional<Value> weight, bias;
  };
  Operands real_operands(const QuantizationPlan::Layer& layer, const std::map<int32_t, Value>& values);
  // Inputs as their integers hold them, and the weight.
  Operands integer_operands(const QuantizationPlan::Layer& layer, const std::map<int32_t, Value>& values, bool inputs_too);
  // The layer's operators; `sum` is set to what is before its activation.
  Value write(const QuantizationPlan::Layer& layer, const Operands& operands, Value* sum = nullptr);
  // As the integers of that tensor hold it.
  Value held(Value x, Ref tensor);
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
