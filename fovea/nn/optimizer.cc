// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/optimizer.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/glob.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/optimizer_parts.h"

namespace fovea {
namespace {

Optimizer adam_family(AdamOptions options, const char* name) {
  check_share(name, "beta1", options.beta1);
  check_share(name, "beta2", options.beta2);
  check_decay(name, options.weight_decay);
  check_positive(name, "epsilon", options.epsilon);
  return [options, decay = decay_of(options)](Recorder& recorder) -> ParameterUpdate {
    // 1 - beta^step, computed step by step: 0, 1 - beta, 1 - beta^2, ...
    const auto correction = [&](const char* what, double beta) {
      const Value next = recorder.parameter({.name = what, .shape = {}, .trained = false}) * beta + (1 - beta);
      recorder.update(what, next);
      return next;
    };
    const Value correction1 = correction("moment1.correction", options.beta1);
    const Value correction2 = correction("moment2.correction", options.beta2);
    return [=, &recorder](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      gradient = decay.gradient(spec, parameter, gradient);
      const Value moment1 = kept(recorder, "moment1", spec) * options.beta1 + gradient * (1 - options.beta1);
      const Value moment2 = kept(recorder, "moment2", spec) * options.beta2 + gradient * gradient * (1 - options.beta2);
      recorder.update("moment1." + spec.name, moment1);
      recorder.update("moment2." + spec.name, moment2);
      const Value step = (moment1 / correction1) / (operators::unary(ops::Sqrt::name, moment2 / correction2) + options.epsilon);
      return decay.start(spec, parameter, rate) - rate * step;
    };
  };
}

}  // namespace

Optimizer sgd(SgdOptions options) {
  check_share("sgd", "momentum", options.momentum);
  check_decay("sgd", options.weight_decay);
  check_nesterov("sgd", options.nesterov, options.momentum);
  return [options, decay = decay_of(options)](Recorder& recorder) -> ParameterUpdate {
    return [=, &recorder](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      gradient = decay.gradient(spec, parameter, gradient);
      const Value start = decay.start(spec, parameter, rate);
      if (options.momentum == 0) return start - rate * gradient;
      const Value velocity = with_momentum(recorder, spec, gradient, options.momentum);
      return start - rate * (options.nesterov ? gradient + velocity * options.momentum : velocity);
    };
  };
}

Optimizer adam(AdamOptions options) { return adam_family(options, "adam"); }
Optimizer adamw(AdamOptions options) {
  options.decoupled = true;
  return adam_family(options, "adamw");
}

Optimizer rmsprop(RmsPropOptions options) {
  check_share("rmsprop", "decay", options.decay);
  check_share("rmsprop", "momentum", options.momentum);
  check_decay("rmsprop", options.weight_decay);
  check_positive("rmsprop", "epsilon", options.epsilon);
  return [options, decay = decay_of(options)](Recorder& recorder) -> ParameterUpdate {
    return [=, &recorder](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      gradient = decay.gradient(spec, parameter, gradient);
      const Initializer start = options.epsilon_outside ? initializers::zeros : initializers::ones;
      const Value square =
          kept(recorder, "mean_square", spec, start) * options.decay + gradient * gradient * (1 - options.decay);
      recorder.update("mean_square." + spec.name, square);
      const Value divisor = options.epsilon_outside ? operators::unary(ops::Sqrt::name, square) + options.epsilon
                                                    : operators::unary(ops::Sqrt::name, square + options.epsilon);
      Value step = rate * gradient / divisor;
      if (options.momentum > 0) step = with_momentum(recorder, spec, step, options.momentum);
      return decay.start(spec, parameter, rate) - step;
    };
  };
}

Optimizer by_group(std::vector<OptimizerGroup> groups, Optimizer rest) {
  return [groups = std::move(groups), rest = std::move(rest)](Recorder& recorder) -> ParameterUpdate {
    struct Part {
      std::string pattern;
      ParameterUpdate update;
      Value rate;
    };
    std::vector<Part> parts;
    for (const OptimizerGroup& group : groups) {
      const auto fits = [&](const ParameterSpec& spec) {
        return spec.trained && !spec.frozen && fits_pattern(spec.name, group.pattern);
      };
      if (std::none_of(recorder.parameters().begin(), recorder.parameters().end(), fits)) {
        refuse("optimizer group {}: no parameter is called {}", group.name, group.pattern);
      }
      // What the parameters of a group share, such as Adam's corrections, belongs to the group.
      const auto scope = recorder.enter(std::make_shared<int>(), "group", "group." + group.name);
      parts.push_back({group.pattern, group.optimizer(recorder)});
    }
    for (size_t i = 0; i < groups.size(); ++i) {
      if (!groups[i].rate.empty()) parts[i].rate = recorder.input(groups[i].rate, {{}, DType::f32});
    }
    const ParameterUpdate others = rest(recorder);
    return [=, named = groups](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      const auto part =
          std::find_if(parts.begin(), parts.end(), [&](const Part& each) { return fits_pattern(spec.name, each.pattern); });
      if (part == parts.end()) return others(spec, parameter, gradient, rate);
      const bool own_rate = !named[static_cast<size_t>(part - parts.begin())].rate.empty();
      return part->update(spec, parameter, gradient, own_rate ? part->rate : rate);
    };
  };
}

}  // namespace fovea
