// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/losses.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/nn/operators.h"

namespace fovea {

namespace {

void check_options(const CrossEntropyOptions& options) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1))
    refuse("softmax_cross_entropy: label_smoothing is {}, must be at least 0 and below 1", options.label_smoothing);
  if (!(options.focal >= 0)) refuse("softmax_cross_entropy: focal is {}, must not be negative", options.focal);
  for (const double weight : options.class_weights) {
    if (!(weight >= 0)) refuse("softmax_cross_entropy: a class weight is {}, must not be negative", weight);
  }
}

Value mean(Value x) { return operators::reduce_mean(x, {0}); }

// The target with label smoothing: [batch] -> [batch, classes].
Value target_of(Value label, int64_t classes, DType dtype, const CrossEntropyOptions& options) {
  const double off = options.label_smoothing / static_cast<double>(classes), on = 1 - options.label_smoothing + off;
  return operators::one_hot(label, classes, dtype, on, off);
}

// The mean loss for targets [batch, classes]. The focal factor uses the probability of `label`.
Value weighted_loss(Value logits, Value target, Value label, const CrossEntropyOptions& options) {
  const int64_t classes = logits.extent(-1);
  const DType dtype = logits.type().dtype;
  const Value log_probabilities = operators::log_softmax(logits);
  if (!options.class_weights.empty()) {
    if (std::ssize(options.class_weights) != classes)
      refuse("softmax_cross_entropy: {} class weights for {} classes", options.class_weights.size(), classes);
    const std::vector<float> weights(options.class_weights.begin(), options.class_weights.end());
    Tensor row({1, classes}, DType::f32);
    std::ranges::copy(weights, row.data<float>());
    target = target * operators::constant(logits.recorder(), row);
  }
  Value loss = operators::reduce_sum(target * log_probabilities, {1});
  if (options.focal > 0) {
    const Value own = operators::reduce_sum(operators::one_hot(label, classes, dtype) * log_probabilities, {1});
    // A power below 1 has no finite gradient at p = 1.
    const Value missing =
        operators::maximum(1.0 - operators::unary(ops::Exp::name, own), operators::constant(logits.recorder(), 1e-6));
    loss = loss * operators::power(missing, options.focal);
  }
  return -mean(loss);
}

}  // namespace

Value softmax_cross_entropy(Value logits, Value label, CrossEntropyOptions options) {
  check_options(options);
  if (!options.class_weights.empty() || options.focal > 0)
    return weighted_loss(logits, target_of(label, logits.extent(-1), logits.type().dtype, options), label, options);
  return operators::softmax_cross_entropy(logits, label, options.label_smoothing);
}

Value softmax_cross_entropy(Value logits, const MixedLabels& labels, CrossEntropyOptions options) {
  check_options(options);
  const int64_t classes = logits.extent(-1);
  const DType dtype = logits.type().dtype;
  const Value weight = operators::reshape(labels.label_weight, {logits.extent(0), 1});
  const Value target = target_of(labels.label, classes, dtype, options) * weight +
                       target_of(labels.second_label, classes, dtype, options) * (1.0 - weight);
  return weighted_loss(logits, target, labels.label, options);
}

Value distillation(Value logits, Value teacher, double temperature) {
  if (!(temperature > 0)) refuse("distillation: temperature is {}, must be positive", temperature);
  const Value wanted = operators::log_softmax(teacher / temperature), own = operators::log_softmax(logits / temperature);
  const Value divergence = operators::reduce_sum(operators::unary(ops::Exp::name, wanted) * (wanted - own), {1});
  return mean(divergence) * (temperature * temperature);
}

Value sigmoid_cross_entropy(Value logits, Value target) { return operators::sigmoid_cross_entropy(logits, target); }
Value mean_squared_error(Value prediction, Value target) { return operators::mean_squared_error(prediction, target); }

Value huber(Value prediction, Value target, HuberOptions options) {
  if (!(options.delta > 0)) refuse("huber: delta is {}, must be positive", options.delta);
  return operators::huber_loss(prediction, target, options.delta);
}

}  // namespace fovea
