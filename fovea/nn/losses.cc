// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/losses.h"

#include "fovea/core/error.h"
#include "fovea/nn/operators.h"

namespace fovea {

namespace {

void check_options(const CrossEntropyOptions& options) {
  if (options.label_smoothing >= 0 && options.label_smoothing < 1) return;
  refuse("softmax_cross_entropy: label_smoothing is {}, must be at least 0 and below 1", options.label_smoothing);
}

}  // namespace

Value softmax_cross_entropy(Value logits, Value label, CrossEntropyOptions options) {
  check_options(options);
  return operators::softmax_cross_entropy(logits, label, options.label_smoothing);
}

Value softmax_cross_entropy(Value logits, const MixedLabels& labels, CrossEntropyOptions options) {
  check_options(options);
  const int64_t classes = logits.extent(-1);
  const double off = options.label_smoothing / static_cast<double>(classes), on = 1 - options.label_smoothing + off;
  const DType dtype = logits.type().dtype;
  const Value weight = operators::reshape(labels.label_weight, {logits.extent(0), 1});
  const Value target = operators::one_hot(labels.label, classes, dtype, on, off) * weight +
                       operators::one_hot(labels.second_label, classes, dtype, on, off) * (1.0 - weight);
  return -operators::reduce_mean(operators::reduce_sum(target * operators::log_softmax(logits), {1}), {0});
}

Value sigmoid_cross_entropy(Value logits, Value target) { return operators::sigmoid_cross_entropy(logits, target); }
Value mean_squared_error(Value prediction, Value target) { return operators::mean_squared_error(prediction, target); }

Value huber(Value prediction, Value target, HuberOptions options) {
  if (!(options.delta > 0)) refuse("huber: delta is {}, must be positive", options.delta);
  return operators::huber_loss(prediction, target, options.delta);
}

}  // namespace fovea
