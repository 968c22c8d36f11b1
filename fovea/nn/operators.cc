// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/operators.h"

#include "fovea/core/error.h"
#include "fovea/nn/recorder.h"

namespace fovea::operators {
namespace {

Value add_one(std::string_view name, const std::vector<Value>& operands, const Attributes& attributes = {}) {
  return operands.front().recorder().add(name, operands, attributes).front();
}

Attributes with_movement(Attributes attributes, const Movement& movement) {
  attributes.emplace_back("strides", movement.strides);
  if (!movement.dilations.empty()) attributes.emplace_back("dilations", movement.dilations);
  attributes.emplace_back("padding", movement.padding);
  return attributes;
}

std::string_view activation_name(Activation::Kind kind) {
  switch (kind) {
    case Activation::Kind::relu:
      return "relu";
    case Activation::Kind::relu6:
      return "relu6";
    case Activation::Kind::leaky_relu:
      return "leaky_relu";
    case Activation::Kind::swish:
      return "swish";
    case Activation::Kind::hard_swish:
      return "hard_swish";
    case Activation::Kind::gelu:
      return "gelu";
    case Activation::Kind::sigmoid:
      return "sigmoid";
    case Activation::Kind::hard_sigmoid:
      return "hard_sigmoid";
    case Activation::Kind::tanh:
      return "tanh";
    case Activation::Kind::softmax:
      return "softmax";
    case Activation::Kind::linear:
      break;
  }
  return "linear";
}

Value reduce(std::string_view name, Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return add_one(name, {x}, {{"dims", dimensions}, {"keep_dims", keep}});
}

}  // namespace

Value constant(Recorder& recorder, const Tensor& value) { return recorder.add("constant", {}, {{"value", value}}).front(); }

Value constant(Recorder& recorder, double value) {
  return constant(recorder, Tensor::of<float>({}, {static_cast<float>(value)}));
}

Value conv(Value x, Value filter, const Movement& movement, int64_t groups) {
  const Value y = add_one("conv", {x, filter}, with_movement({{"groups", groups}}, movement));
  // Every weight is used once at each output position.
  x.recorder().count_macs(element_count(filter.shape()) * (element_count(y.shape()) / y.extent(-1)));
  return y;
}

Value conv_transpose(Value x, Value filter, const Movement& movement) {
  const Value y = add_one("conv_transpose", {x, filter}, with_movement({}, movement));
  x.recorder().count_macs(element_count(filter.shape()) * (element_count(x.shape()) / x.extent(-1)));
  return y;
}

Value dense(Value x, Value weight) {
  const Value y = add_one("dense", {x, weight});
  x.recorder().count_macs(x.extent(0) * element_count(weight.shape()));
  return y;
}

Value matmul(Value a, Value b, MatmulOptions options) {
  return add_one("matmul", {a, b}, {{"transpose_lhs", options.transpose_a}, {"transpose_rhs", options.transpose_b}});
}

Value max_pool(Value x, const std::vector<int64_t>& window, const Movement& movement) {
  return add_one("max_pool", {x}, with_movement({{"window", window}}, movement));
}

Value avg_pool(Value x, const std::vector<int64_t>& window, const Movement& movement, bool count_padding) {
  return add_one("avg_pool", {x}, with_movement({{"window", window}, {"count_padding", count_padding}}, movement));
}

Value unary(const std::string& name, Value x) { return add_one(name, {x}); }

Value fake_quantize(Value x, Value minimum, Value maximum, int64_t least) {
  return add_one("fake_quantize", {x, minimum, maximum}, {{"least", least}});
}

Value activation(Value x, const Activation& activation) {
  if (activation.kind == Activation::Kind::linear) return x;
  Attributes attributes;
  if (activation.kind == Activation::Kind::leaky_relu) attributes.emplace_back("slope", activation.slope);
  return add_one(activation_name(activation.kind), {x}, attributes);
}

Value power(Value base, double exponent) { return add_one("pow", {base, constant(base.recorder(), exponent)}); }
Value maximum(Value a, Value b) { return add_one("maximum", {a, b}); }
Value minimum(Value a, Value b) { return add_one("minimum", {a, b}); }

Value select_greater(Value a, Value b, Value on_true, Value on_false) {
  return add_one("select", {a, b, on_true, on_false}, {{"comparison", std::string("gt")}});
}

Value reshape(Value x, const Shape& shape) { return add_one("reshape", {x}, {{"shape", shape}}); }

Value concat(const std::vector<Value>& parts, int64_t dimension) {
  if (parts.empty()) refuse("concat: nothing to join");
  const int64_t positive = dimension < 0 ? dimension + parts.front().rank() : dimension;
  return add_one("concat", parts, {{"dim", positive}});
}

Value pad(Value x, const std::vector<int64_t>& before_and_after, double value) {
  return add_one("pad", {x}, {{"padding", before_and_after}, {"value", value}});
}

Value slice(Value x, const Shape& offsets, const Shape& sizes, const Shape& strides) {
  Attributes attributes{{"offsets", offsets}, {"sizes", sizes}};
  if (!strides.empty()) attributes.emplace_back("strides", strides);
  return add_one("slice", {x}, attributes);
}

Value transpose(Value x, const std::vector<int64_t>& permutation) {
  return add_one("transpose", {x}, {{"permutation", permutation}});
}

Value reduce_sum(Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return reduce("reduce_sum", x, dimensions, keep);
}
Value reduce_mean(Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return reduce("reduce_mean", x, dimensions, keep);
}
Value reduce_max(Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return reduce("reduce_max", x, dimensions, keep);
}

BatchNormResult batch_norm_training(Value x, Value scale, Value shift, double epsilon) {
  const std::vector<Value> results = x.recorder().add("batch_norm_training", {x, scale, shift}, {{"epsilon", epsilon}});
  return {results.at(0), results.at(1), results.at(2)};
}

Value batch_norm(Value x, Value scale, Value shift, Value mean, Value variance, double epsilon) {
  return add_one("batch_norm", {x, scale, shift, mean, variance}, {{"epsilon", epsilon}});
}

Value layer_norm(Value x, Value scale, Value shift, double epsilon) {
  return add_one("layer_norm", {x, scale, shift}, {{"epsilon", epsilon}});
}

Value group_norm(Value x, Value scale, Value shift, int64_t groups, double epsilon) {
  return add_one("group_norm", {x, scale, shift}, {{"groups", groups}, {"epsilon", epsilon}});
}

Value dropout(Value x, Value seed, Value step, double rate, int64_t stream) {
  return add_one("dropout", {x, seed, step}, {{"rate", rate}, {"stream", stream}});
}

Value drop_connect(Value x, Value seed, Value step, double rate, int64_t stream) {
  return add_one("drop_connect", {x, seed, step}, {{"rate", rate}, {"stream", stream}});
}

Value log_softmax(Value x) { return add_one("log_softmax", {x}); }

Value one_hot(Value label, int64_t classes, DType dtype, double on, double off) {
  return add_one("one_hot", {label}, {{"classes", classes}, {"dtype", std::string(name(dtype))}, {"on", on}, {"off", off}});
}

Value softmax_cross_entropy(Value logits, Value label, double label_smoothing) {
  return add_one("softmax_cross_entropy", {logits, label}, {{"label_smoothing", label_smoothing}});
}

Value sigmoid_cross_entropy(Value logits, Value target) { return add_one("sigmoid_cross_entropy", {logits, target}); }
Value mean_squared_error(Value prediction, Value target) { return add_one("mean_squared_error", {prediction, target}); }

Value huber_loss(Value prediction, Value target, double delta) {
  return add_one("huber_loss", {prediction, target}, {{"delta", delta}});
}

Value top_k_correct(Value logits, Value label, int64_t k) { return add_one("top_k_correct", {logits, label}, {{"k", k}}); }

std::vector<Value> gradients(Value loss, const std::vector<Value>& wrt) {
  std::vector<Value> operands{loss};
  operands.insert(operands.end(), wrt.begin(), wrt.end());
  return loss.recorder().add("gradients", operands);
}

}  // namespace fovea::operators
