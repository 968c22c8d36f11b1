// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/optimizer_parts.h"

#include "fovea/core/error.h"

namespace fovea {

void check_share(const char* optimizer, const char* option, double value) {
  if (!(value >= 0 && value < 1)) refuse("{}: {} is {}, must be at least 0 and below 1", optimizer, option, value);
}

void check_decay(const char* optimizer, double weight_decay) {
  if (!(weight_decay >= 0)) refuse("{}: weight_decay is {}, must not be negative", optimizer, weight_decay);
}

void check_positive(const char* optimizer, const char* option, double value) {
  if (!(value > 0)) refuse("{}: {} is {}, must be positive", optimizer, option, value);
}

void check_nesterov(const char* optimizer, bool nesterov, double momentum) {
  if (nesterov && momentum == 0) refuse("{}: nesterov needs a momentum above 0", optimizer);
}

Value kept(Recorder& recorder, const std::string& kind, const ParameterSpec& spec, Initializer start) {
  return recorder.parameter({.name = kind + "." + spec.name, .shape = spec.shape, .initializer = start, .trained = false});
}

Value with_momentum(Recorder& recorder, const ParameterSpec& spec, Value gradient, double momentum) {
  const Value velocity = kept(recorder, "momentum", spec) * momentum + gradient;
  recorder.update("momentum." + spec.name, velocity);
  return velocity;
}

bool WeightDecay::pulls(const ParameterSpec& spec) const {
  if (strength == 0) return false;
  return scope == DecayScope::all || spec.decayed || (scope == DecayScope::all_but_norms && !spec.normalization);
}

Value WeightDecay::gradient(const ParameterSpec& spec, Value parameter, Value gradient) const {
  return pulls(spec) && !decoupled ? gradient + parameter * strength : gradient;
}

Value WeightDecay::start(const ParameterSpec& spec, Value parameter, Value rate) const {
  return pulls(spec) && decoupled ? parameter - rate * strength * parameter : parameter;
}

}  // namespace fovea
