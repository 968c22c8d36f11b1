// SPDX-License-Identifier: Apache-2.0
/// \file
/// The operators of the dialect as functions of Values, described in docs/operators.md. Networks are usually written with
/// layers (fovea/nn/layers.h). Operands that do not fit are refused with the layer's name.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fovea/graph/operators.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/value.h"

/// The operators of the dialect as functions of Values.
namespace fovea::operators {

/// How a window moves over the spatial dimensions.
struct Movement {
  std::vector<int64_t> strides;    ///< one for each spatial dimension; empty: ones
  std::vector<int64_t> dilations;  ///< the same
  ops::Padding padding = "valid";  ///< a rule, or before and after of each dimension
};

/// A tensor that is known when the network is written, and a scalar [] f32.
///@{
Value constant(Recorder& recorder, const Tensor& value);
Value constant(Recorder& recorder, double value);
///@}

/// See fovea.conv.
Value conv(Value x, Value filter, const Movement& movement, int64_t groups);
/// Filter [kernel..., out, in]; see fovea.conv_transpose.
Value conv_transpose(Value x, Value filter, const Movement& movement);
Value dense(Value x, Value weight);  ///< [batch, in] x [in, units]
/// The options of matmul.
struct MatmulOptions {
  bool transpose_a = false;  ///< whether the left matrix is transposed first
  bool transpose_b = false;  ///< whether the right matrix is transposed first
};
Value matmul(Value a, Value b, MatmulOptions options = {});  ///< The product of matrices [m, k] and [k, n].
/// The maximum of each window; the cells outside count as minus infinity.
Value max_pool(Value x, const std::vector<int64_t>& window, const Movement& movement);
/// The mean of each window; `count_padding` divides by the whole window.
Value avg_pool(Value x, const std::vector<int64_t>& window, const Movement& movement, bool count_padding);

/// An element-wise operator without attributes by its name: ops::Sqrt::name, ops::Exp::name, ...
Value unary(std::string_view name, Value x);
/// An activation.
Value activation(Value x, const Activation& activation);
/// Rounds x as integers from `least` to 127 would hold it; the bounds are [] or [channels]. The gradient passes straight
/// through.
Value fake_quantize(Value x, Value minimum, Value maximum, int64_t least = -128);
/// The larger of two, with broadcasting.
Value maximum(Value a, Value b);
/// The smaller of two, with broadcasting.
Value minimum(Value a, Value b);
/// base ** exponent for each element. The base must not be negative.
Value power(Value base, double exponent);
/// a > b ? on_true : on_false for each element, with broadcasting.
Value select_greater(Value a, Value b, Value on_true, Value on_false);

/// The same values in row-major order; one extent may be -1.
Value reshape(Value x, const Shape& shape);
/// The parts joined along a dimension.
Value concat(const std::vector<Value>& parts, int64_t dimension);
/// Cells of `value` around x: before and after of each dimension in turn.
Value pad(Value x, const std::vector<int64_t>& before_and_after, double value);
/// A box of x of `sizes`, every stride-th cell from `offsets` on.
Value slice(Value x, const Shape& offsets, const Shape& sizes, const Shape& strides = {});
/// Dimension i of the result is dimension permutation[i] of x.
Value transpose(Value x, const std::vector<int64_t>& permutation);
/// The sum over dimensions, which stay with extent 1 if `keep` is set.
Value reduce_sum(Value x, const std::vector<int64_t>& dimensions, bool keep = false);
/// The mean over dimensions, which stay with extent 1 if `keep` is set.
Value reduce_mean(Value x, const std::vector<int64_t>& dimensions, bool keep = false);
/// The maximum over dimensions, which stay with extent 1 if `keep` is set.
Value reduce_max(Value x, const std::vector<int64_t>& dimensions, bool keep = false);

/// The results of batch_norm_training.
struct BatchNormResult {
  Value y;         ///< normalized
  Value mean;      ///< of the batch, [channels]
  Value variance;  ///< of the batch, biased, [channels]
};
/// Normalization by the batch's own statistics.
BatchNormResult batch_norm_training(Value x, Value scale, Value shift, double epsilon);
/// Normalization by given statistics, [channels].
Value batch_norm(Value x, Value scale, Value shift, Value mean, Value variance, double epsilon);
/// Normalization along the last dimension.
Value layer_norm(Value x, Value scale, Value shift, double epsilon);
/// Normalization of each image over its spatial dimensions and each group of channels.
Value group_norm(Value x, Value scale, Value shift, int64_t groups, double epsilon);

/// Zeroes elements with probability `rate`. The random numbers are a function of seed and step ([] i32), of the position, and
/// of the stream, which differs between the layers of a network.
Value dropout(Value x, Value seed, Value step, double rate, int64_t stream);
/// The same for whole images.
Value drop_connect(Value x, Value seed, Value step, double rate, int64_t stream);

Value log_softmax(Value x);  ///< along the last dimension
/// A row of `classes` for each label ([batch] i32), of `dtype`: `on` at the label, `off` elsewhere.
Value one_hot(Value label, int64_t classes, DType dtype, double on = 1, double off = 0);

/// The losses of fovea/nn/losses.h, [] f32.
///@{
Value softmax_cross_entropy(Value logits, Value label, double label_smoothing);
Value sigmoid_cross_entropy(Value logits, Value target);
Value mean_squared_error(Value prediction, Value target);
Value huber_loss(Value prediction, Value target, double delta);
///@}

/// How many images have their label among the k highest logits, [] i32.
Value top_k_correct(Value logits, Value label, int64_t k);

/// The gradients of the scalar `loss` by each of `wrt`.
std::vector<Value> gradients(Value loss, const std::vector<Value>& wrt);

}  // namespace fovea::operators
