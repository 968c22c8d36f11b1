// The operators of the dialect as functions of Values: the only place that knows their names and attributes. They are described
// in docs/operators.md. Layers (fovea/nn/layers.h) are what networks are usually written with.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/nn/layers.h"
#include "fovea/nn/value.h"

namespace fovea::operators {

// One number a spatial dimension each; as many as the operand has.
struct Window {
  std::vector<int64_t> kernel;
  std::vector<int64_t> stride;
  std::vector<int64_t> dilation;
  std::vector<PaddingPair> padding;
};

Value constant(Recorder& recorder, Tensor value);
Value constant(Recorder& recorder, double value);  // [] f32

Value conv(Value x, Value filter, const Window& window, int64_t groups);
Value transposed_conv(Value x, Value filter, const Window& window);
Value dense(Value x, Value weight);  // [..., in] x [in, units]
Value max_pool(Value x, const Window& window);
Value avg_pool(Value x, const Window& window, bool count_padding);
Value global_avg_pool(Value x);
Value global_max_pool(Value x);

Value activation(Value x, const Activation& activation);
Value sqrt(Value x);
Value exp(Value x);
Value log(Value x);

Value reshape(Value x, const Shape& shape);
Value concat(const std::vector<Value>& parts, int64_t dimension);
Value pad(Value x, const std::vector<PaddingPair>& each_dimension, double value);
Value slice(Value x, const Shape& begin, const Shape& extents);
Value reduce_sum(Value x, const std::vector<int64_t>& dimensions);  // these dimensions go away
Value reduce_mean(Value x, const std::vector<int64_t>& dimensions);

// While training. mean and variance (biased) are those of the batch, [channels].
struct BatchNormResult {
  Value y, mean, variance;
};
BatchNormResult batch_norm_training(Value x, Value scale, Value shift, double epsilon);
Value batch_norm_inference(Value x, Value scale, Value shift, Value mean, Value variance, double epsilon);
Value layer_norm(Value x, Value scale, Value shift, double epsilon);
Value group_norm(Value x, Value scale, Value shift, int64_t groups, double epsilon);

// `stream` sets apart the layers of a network; seed and step are [] i32.
Value dropout(Value x, double rate, int64_t stream);
Value drop_connect(Value x, double rate, int64_t stream);

// [batch]: the loss of each image.
Value softmax_cross_entropy(Value logits, Value label, double label_smoothing);
// [batch] i32: 1 where the label is among the k highest logits.
Value top_k_correct(Value logits, Value label, int64_t k);

std::vector<Value> gradients(Value loss, const std::vector<Value>& wrt);

}  // namespace fovea::operators
