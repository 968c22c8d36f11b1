#include "fovea/nn/optimizer.h"

#include "fovea/core/error.h"
#include "fovea/nn/operators.h"

namespace fovea {
namespace {

void check_share(const char* optimizer, const char* option, double value) {
  if (!(value >= 0 && value < 1)) refuse("{}: {} is {}, must be at least 0 and below 1", optimizer, option, value);
}

void check_decay(const char* optimizer, double value) {
  if (!(value >= 0)) refuse("{}: weight_decay is {}, must not be negative", optimizer, value);
}

// A tensor of zeros the optimiser keeps beside a parameter.
Value kept(Recorder& recorder, const std::string& kind, const ParameterSpec& spec) {
  return recorder.parameter({.name = kind + "." + spec.name, .shape = spec.shape, .trained = false});
}

Optimizer adam_family(AdamOptions options, bool decoupled) {
  const char* name = decoupled ? "adamw" : "adam";
  check_share(name, "beta1", options.beta1);
  check_share(name, "beta2", options.beta2);
  check_decay(name, options.weight_decay);
  if (!(options.epsilon > 0)) refuse("{}: epsilon is {}, must be positive", name, options.epsilon);
  return [options, decoupled](Recorder& recorder) -> ParameterUpdate {
    // 1 - beta^step, grown step by step: 0, 1 - beta, 1 - beta^2, ...
    const auto correction = [&](const char* what, double beta) {
      const Value next = recorder.parameter({.name = what, .shape = {}, .trained = false}) * beta + (1 - beta);
      recorder.update(what, next);
      return next;
    };
    const Value correction1 = correction("moment1.correction", options.beta1);
    const Value correction2 = correction("moment2.correction", options.beta2);
    return [=, &recorder](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      const bool decayed = options.weight_decay > 0 && (options.decay_all || spec.decayed);
      if (decayed && !decoupled) gradient = gradient + parameter * options.weight_decay;
      const Value moment1 = kept(recorder, "moment1", spec) * options.beta1 + gradient * (1 - options.beta1);
      const Value moment2 = kept(recorder, "moment2", spec) * options.beta2 + gradient * gradient * (1 - options.beta2);
      recorder.update("moment1." + spec.name, moment1);
      recorder.update("moment2." + spec.name, moment2);
      const Value step = (moment1 / correction1) / (operators::unary("sqrt", moment2 / correction2) + options.epsilon);
      const Value start = decayed && decoupled ? parameter - rate * options.weight_decay * parameter : parameter;
      return start - rate * step;
    };
  };
}

}  // namespace

Optimizer sgd(SgdOptions options) {
  check_share("sgd", "momentum", options.momentum);
  check_decay("sgd", options.weight_decay);
  if (options.nesterov && options.momentum == 0) refuse("sgd: nesterov needs a momentum above 0");
  return [options](Recorder& recorder) -> ParameterUpdate {
    return [options, &recorder](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      if (options.weight_decay > 0 && (options.decay_all || spec.decayed))
        gradient = gradient + parameter * options.weight_decay;
      if (options.momentum == 0) return parameter - rate * gradient;
      const Value velocity = kept(recorder, "momentum", spec) * options.momentum + gradient;
      recorder.update("momentum." + spec.name, velocity);
      return parameter - rate * (options.nesterov ? gradient + velocity * options.momentum : velocity);
    };
  };
}

Optimizer adam(AdamOptions options) { return adam_family(options, false); }
Optimizer adamw(AdamOptions options) { return adam_family(options, true); }

}  // namespace fovea
