// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/operators.h"

#include "fovea/core/error.h"
#include "fovea/nn/recorder.h"

namespace fovea::operators {
namespace {

template <Operator Op>
Value add_one(const Op& op, const std::vector<Value>& operands) {
  return operands.front().recorder().add(op, operands).front();
}

// The operator with its windows moved like this. Pooling of averages has no dilations.
template <Operator Op>
Op moved(Op op, const Movement& movement) {
  op.strides = movement.strides;
  if constexpr (requires { op.dilations; })
    op.dilations = movement.dilations;
  else if (!movement.dilations.empty())
    refuse("{}: its windows have no dilations", Op::name);
  op.padding = movement.padding;
  return op;
}

std::string_view activation_name(Activation::Kind kind) {
  switch (kind) {
    case Activation::Kind::relu:
      return ops::Relu::name;
    case Activation::Kind::relu6:
      return ops::Relu6::name;
    case Activation::Kind::leaky_relu:
      return ops::LeakyRelu::name;
    case Activation::Kind::swish:
      return ops::Swish::name;
    case Activation::Kind::hard_swish:
      return ops::HardSwish::name;
    case Activation::Kind::gelu:
      return ops::Gelu::name;
    case Activation::Kind::sigmoid:
      return ops::Sigmoid::name;
    case Activation::Kind::hard_sigmoid:
      return ops::HardSigmoid::name;
    case Activation::Kind::tanh:
      return ops::Tanh::name;
    case Activation::Kind::softmax:
      return ops::Softmax::name;
    case Activation::Kind::linear:
      break;
  }
  fail("a linear activation has no operator");
}

template <Operator Reduction>
Value reduce(Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return add_one(Reduction{.dims = dimensions, .keep_dims = keep}, {x});
}

}  // namespace

Value constant(Recorder& recorder, const Tensor& value) { return recorder.add(ops::Constant{.value = value}, {}).front(); }

Value constant(Recorder& recorder, double value) {
  return constant(recorder, Tensor::of<float>({}, {static_cast<float>(value)}));
}

Value conv(Value x, Value filter, const Movement& movement, int64_t groups) {
  const Value y = add_one(moved(ops::Conv{.groups = groups}, movement), {x, filter});
  // Every weight is used once at each output position.
  x.recorder().count_macs(element_count(filter.shape()) * (element_count(y.shape()) / y.extent(-1)));
  return y;
}

Value conv_transpose(Value x, Value filter, const Movement& movement) {
  const Value y = add_one(moved(ops::ConvTranspose(), movement), {x, filter});
  x.recorder().count_macs(element_count(filter.shape()) * (element_count(x.shape()) / x.extent(-1)));
  return y;
}

Value dense(Value x, Value weight) {
  const Value y = add_one(ops::Dense(), {x, weight});
  x.recorder().count_macs(x.extent(0) * element_count(weight.shape()));
  return y;
}

Value matmul(Value a, Value b, MatmulOptions options) {
  return add_one(ops::Matmul{.transpose_lhs = options.transpose_a, .transpose_rhs = options.transpose_b}, {a, b});
}

Value max_pool(Value x, const std::vector<int64_t>& window, const Movement& movement) {
  return add_one(moved(ops::MaxPool{.window = window}, movement), {x});
}

Value avg_pool(Value x, const std::vector<int64_t>& window, const Movement& movement, bool count_padding) {
  return add_one(moved(ops::AveragePool{.window = window, .count_padding = count_padding}, movement), {x});
}

Value unary(std::string_view name, Value x) { return x.recorder().add(name, {x}).front(); }

Value fake_quantize(Value x, Value minimum, Value maximum, int64_t least) {
  return add_one(ops::FakeQuantize{.least = least}, {x, minimum, maximum});
}

Value activation(Value x, const Activation& activation) {
  if (activation.kind == Activation::Kind::linear) return x;
  if (activation.kind == Activation::Kind::leaky_relu) return add_one(ops::LeakyRelu{.slope = activation.slope}, {x});
  return unary(activation_name(activation.kind), x);
}

Value power(Value base, double exponent) { return add_one(ops::Pow(), {base, constant(base.recorder(), exponent)}); }
Value maximum(Value a, Value b) { return add_one(ops::Maximum(), {a, b}); }
Value minimum(Value a, Value b) { return add_one(ops::Minimum(), {a, b}); }

Value select_greater(Value a, Value b, Value on_true, Value on_false) {
  return add_one(ops::Select{.comparison = "gt"}, {a, b, on_true, on_false});
}

Value reshape(Value x, const Shape& shape) { return add_one(ops::Reshape{.shape = shape}, {x}); }

Value concat(const std::vector<Value>& parts, int64_t dimension) {
  if (parts.empty()) refuse("concat: nothing to join");
  const int64_t positive = dimension < 0 ? dimension + parts.front().rank() : dimension;
  return add_one(ops::Concat{.dim = positive}, parts);
}

Value pad(Value x, const std::vector<int64_t>& before_and_after, double value) {
  return add_one(ops::Pad{.padding = before_and_after, .value = value}, {x});
}

Value slice(Value x, const Shape& offsets, const Shape& sizes, const Shape& strides) {
  return add_one(ops::Slice{.offsets = offsets, .sizes = sizes, .strides = strides}, {x});
}

Value transpose(Value x, const std::vector<int64_t>& permutation) {
  return add_one(ops::Transpose{.permutation = permutation}, {x});
}

Value reduce_sum(Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return reduce<ops::ReduceSum>(x, dimensions, keep);
}
Value reduce_mean(Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return reduce<ops::ReduceMean>(x, dimensions, keep);
}
Value reduce_max(Value x, const std::vector<int64_t>& dimensions, bool keep) {
  return reduce<ops::ReduceMax>(x, dimensions, keep);
}

BatchNormResult batch_norm_training(Value x, Value scale, Value shift, double epsilon) {
  const std::vector<Value> results = x.recorder().add(ops::BatchNormTraining{.epsilon = epsilon}, {x, scale, shift});
  return {results.at(0), results.at(1), results.at(2)};
}

Value batch_norm(Value x, Value scale, Value shift, Value mean, Value variance, double epsilon) {
  return add_one(ops::BatchNorm{.epsilon = epsilon}, {x, scale, shift, mean, variance});
}

Value layer_norm(Value x, Value scale, Value shift, double epsilon) {
  return add_one(ops::LayerNorm{.epsilon = epsilon}, {x, scale, shift});
}

Value group_norm(Value x, Value scale, Value shift, int64_t groups, double epsilon) {
  return add_one(ops::GroupNorm{.groups = groups, .epsilon = epsilon}, {x, scale, shift});
}

Value dropout(Value x, Value seed, Value step, double rate, int64_t stream) {
  return add_one(ops::Dropout{.rate = rate, .stream = stream}, {x, seed, step});
}

Value drop_connect(Value x, Value seed, Value step, double rate, int64_t stream) {
  return add_one(ops::DropConnect{.rate = rate, .stream = stream}, {x, seed, step});
}

Value log_softmax(Value x) { return add_one(ops::LogSoftmax(), {x}); }

Value one_hot(Value label, int64_t classes, DType dtype, double on, double off) {
  return add_one(ops::OneHot{.classes = classes, .dtype = dtype, .on = on, .off = off}, {label});
}

Value softmax_cross_entropy(Value logits, Value label, double label_smoothing) {
  return add_one(ops::SoftmaxCrossEntropy{.label_smoothing = label_smoothing}, {logits, label});
}

Value sigmoid_cross_entropy(Value logits, Value target) { return add_one(ops::SigmoidCrossEntropy(), {logits, target}); }
Value mean_squared_error(Value prediction, Value target) { return add_one(ops::MeanSquaredError(), {prediction, target}); }

Value huber_loss(Value prediction, Value target, double delta) {
  return add_one(ops::HuberLoss{.delta = delta}, {prediction, target});
}

Value top_k_correct(Value logits, Value label, int64_t k) { return add_one(ops::TopKCorrect{.k = k}, {logits, label}); }

std::vector<Value> gradients(Value loss, const std::vector<Value>& wrt) {
  std::vector<Value> operands{loss};
  operands.insert(operands.end(), wrt.begin(), wrt.end());
  return loss.recorder().add(ops::Gradients(), operands);
}

}  // namespace fovea::operators
