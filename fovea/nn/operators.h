// SPDX-License-Identifier: Apache-2.0
// The operators of the dialect as functions of Values: the only place that knows their names and attributes. They are described
// in docs/operators.md. Layers (fovea/nn/layers.h) are what networks are usually written with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/nn/layers.h"
#include "fovea/nn/value.h"

namespace fovea::operators {

// How a window moves over the spatial dimensions: one number each, and padding as the operators take it.
struct Movement {
  std::vector<int64_t> strides, dilations;
  Attribute padding;
};

Value constant(Recorder& recorder, const Tensor& value);
Value constant(Recorder& recorder, double value);  // [] f32

Value conv(Value x, Value filter, const Movement& movement, int64_t groups);
Value conv_transpose(Value x, Value filter, const Movement& movement);  // filter [kernel..., out, in]
Value dense(Value x, Value weight);                                     // [batch, in] x [in, units]
struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;
};
Value matmul(Value a, Value b, MatmulOptions options = {});  // of matrices, each transposed first if asked for
Value max_pool(Value x, const std::vector<int64_t>& window, const Movement& movement);
Value avg_pool(Value x, const std::vector<int64_t>& window, const Movement& movement, bool count_padding);

Value unary(const std::string& name, Value x);  // sqrt, exp, log, abs, ...
Value activation(Value x, const Activation& activation);
// As integers from `least` to 127 would hold it; bounds [] or [channels]. The gradient passes straight through.
Value fake_quantize(Value x, Value minimum, Value maximum, int64_t least = -128);
Value maximum(Value a, Value b);
Value minimum(Value a, Value b);
Value power(Value base, double exponent);                               // base ** exponent, of a base that is not negative
Value select_greater(Value a, Value b, Value on_true, Value on_false);  // a > b ? on_true : on_false, with broadcasting

Value reshape(Value x, const Shape& shape);
Value concat(const std::vector<Value>& parts, int64_t dimension);
Value pad(Value x, const std::vector<int64_t>& before_and_after, double value);
Value slice(Value x, const Shape& offsets, const Shape& sizes, const Shape& strides = {});  // sizes: of the result
Value transpose(Value x, const std::vector<int64_t>& permutation);
Value reduce_sum(Value x, const std::vector<int64_t>& dimensions, bool keep = false);
Value reduce_mean(Value x, const std::vector<int64_t>& dimensions, bool keep = false);
Value reduce_max(Value x, const std::vector<int64_t>& dimensions, bool keep = false);

// By the mean and variance (biased) of the batch, which are given too: [channels].
struct BatchNormResult {
  Value y, mean, variance;
};
BatchNormResult batch_norm_training(Value x, Value scale, Value shift, double epsilon);
Value batch_norm(Value x, Value scale, Value shift, Value mean, Value variance, double epsilon);
Value layer_norm(Value x, Value scale, Value shift, double epsilon);
Value group_norm(Value x, Value scale, Value shift, int64_t groups, double epsilon);

// A function of seed and step ([] i32), of the stream, which sets apart the layers of a network, and of the position.
Value dropout(Value x, Value seed, Value step, double rate, int64_t stream);
Value drop_connect(Value x, Value seed, Value step, double rate, int64_t stream);

Value log_softmax(Value x);  // along the last dimension
// A row of `classes` for each label ([batch] i32), of `dtype`: `on` at the label, `off` elsewhere.
Value one_hot(Value label, int64_t classes, DType dtype, double on = 1, double off = 0);

// [] f32: means over the batch.
Value softmax_cross_entropy(Value logits, Value label, double label_smoothing);
Value sigmoid_cross_entropy(Value logits, Value target);
Value mean_squared_error(Value prediction, Value target);
Value huber_loss(Value prediction, Value target, double delta);

// [] i32: how many images have their label among the k highest logits.
Value top_k_correct(Value logits, Value label, int64_t k);

// Of the scalar `loss`, by each of `wrt`.
std::vector<Value> gradients(Value loss, const std::vector<Value>& wrt);

}  // namespace fovea::operators
