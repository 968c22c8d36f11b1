// SPDX-License-Identifier: Apache-2.0
// Normalization layers, and the noise layers that are active only in training.
#include <fmt/format.h>

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/recorder.h"

namespace fovea {
namespace {

Value of_channels(Value x, const char* name, Initializer initializer, bool trained = true) {
  return x.recorder().parameter({.name = name,
                                 .shape = {x.extent(-1)},
                                 .initializer = initializer,
                                 .trained = trained,
                                 .decayed = false,
                                 .normalization = true});
}

Tensor ones(const Shape& shape) {
  Tensor tensor(shape, DType::f32);
  std::ranges::fill(tensor.values<float>(), 1.0F);
  return tensor;
}

void check_epsilon(Value x, const char* kind, double epsilon) {
  if (!(epsilon > 0)) refuse("{} \"{}\": epsilon is {}, must be positive", kind, x.recorder().path(), epsilon);
}

Value normalize_batch(Value x, const BatchNormOptions& options) {
  check_epsilon(x, "batch_norm", options.epsilon);
  Recorder& recorder = x.recorder();
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    refuse("batch_norm \"{}\": momentum is {}, must be from 0 to 1", recorder.path(), options.momentum);
  }
  const Value scale =
      options.scale ? of_channels(x, "weight", options.scale_initializer) : operators::constant(recorder, ones({x.extent(-1)}));
  const Value shift = of_channels(x, "bias", initializers::zeros);
  const Value running_mean = of_channels(x, "running_mean", initializers::zeros, false);
  const Value running_variance = of_channels(x, "running_var", initializers::ones, false);
  if (!recorder.training() || recorder.frozen("weight"))
    return operators::batch_norm(x, scale, shift, running_mean, running_variance, options.epsilon);
  const auto count = static_cast<double>(element_count(x.shape()) / x.extent(-1));
  const operators::BatchNormResult result = operators::batch_norm_training(x, scale, shift, options.epsilon);
  const auto average = [&](Value running, Value now, double factor) {
    return running * options.momentum + now * ((1 - options.momentum) * factor);
  };
  recorder.update("running_mean", average(running_mean, result.mean, 1));
  recorder.update("running_var", average(running_variance, result.variance, count > 1 ? count / (count - 1) : 1));
  return result.y;
}

using Noise = Value (*)(Value x, Value seed, Value step, double rate, int64_t stream);

Value add_noise(Value x, const char* kind, double rate, Noise noise) {
  Recorder& recorder = x.recorder();
  if (!(rate >= 0 && rate < 1)) refuse("{} \"{}\": rate is {}, must be at least 0 and below 1", kind, recorder.path(), rate);
  if (!recorder.training() || rate == 0) return x;
  // The layer's name makes its numbers independent of those of other layers, as in initializers. The counter takes 32 bits of
  // its hash.
  const auto stream = static_cast<int64_t>(hash_of(recorder.path()) & 0x7fffffff);
  return noise(x, recorder.seed(), recorder.step(), rate, stream);
}

}  // namespace

Layer batch_norm(BatchNormOptions options) {
  const std::string name = options.name;
  return named_layer("bn", name,
                     [options = std::move(options)](Value x) { return options.activation(normalize_batch(x, options)); });
}

Layer layer_norm(LayerNormOptions options) {
  const std::string name = options.name;
  return named_layer("layer_norm", name, [options = std::move(options)](Value x) {
    check_epsilon(x, "layer_norm", options.epsilon);
    const Value scale = of_channels(x, "weight", initializers::ones);
    return operators::layer_norm(x, scale, of_channels(x, "bias", initializers::zeros), options.epsilon);
  });
}

Layer group_norm(GroupNormOptions options) {
  const std::string name = options.name;
  return named_layer("group_norm", name, [options = std::move(options)](Value x) {
    check_epsilon(x, "group_norm", options.epsilon);
    if (options.groups < 1 || x.extent(-1) % options.groups != 0) {
      refuse("group_norm \"{}\": groups is {}, must divide the {} channels", x.recorder().path(), options.groups, x.extent(-1));
    }
    const Value scale = of_channels(x, "weight", initializers::ones);
    return operators::group_norm(x, scale, of_channels(x, "bias", initializers::zeros), options.groups, options.epsilon);
  });
}

Layer dropout(DropoutOptions options) {
  return named_layer("dropout", options.name,
                     [rate = options.rate](Value x) { return add_noise(x, "dropout", rate, operators::dropout); });
}

Layer drop_connect(DropoutOptions options) {
  return named_layer("drop_connect", options.name,
                     [rate = options.rate](Value x) { return add_noise(x, "drop_connect", rate, operators::drop_connect); });
}

}  // namespace fovea
