#include "fovea/nn/losses.h"

#include "fovea/core/error.h"
#include "fovea/nn/operators.h"

namespace fovea {

Value softmax_cross_entropy(Value logits, Value label, CrossEntropyOptions options) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1)) {
    refuse("softmax_cross_entropy: label_smoothing is {}, must be at least 0 and below 1", options.label_smoothing);
  }
  return operators::softmax_cross_entropy(logits, label, options.label_smoothing);
}

Value sigmoid_cross_entropy(Value logits, Value target) { return operators::sigmoid_cross_entropy(logits, target); }
Value mean_squared_error(Value prediction, Value target) { return operators::mean_squared_error(prediction, target); }

Value huber(Value prediction, Value target, HuberOptions options) {
  if (!(options.delta > 0)) refuse("huber: delta is {}, must be positive", options.delta);
  return operators::huber_loss(prediction, target, options.delta);
}

}  // namespace fovea
