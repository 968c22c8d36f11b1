// SPDX-License-Identifier: Apache-2.0
// The layers: functions of named options that make callables from Value to Value.
//
// Activations are [batch, spatial..., channels]; convolution and pooling take 1, 2 or 3 spatial dimensions, by the rank of what
// they are given. Sizes are inferred; a layer's parameters are made at its first use in a graph and shared at later uses of the
// same layer object. An impossible option is refused when the layer is used, naming the layer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/nn/initializer.h"
#include "fovea/nn/value.h"

namespace fovea {

// One number for all spatial dimensions, or one for each: `.kernel = 3`, `.kernel = {3, 5}`.
class Extents {
 public:
  Extents(int64_t all) : values_{all} {}  // NOLINT: 3 is an extent
  Extents(std::initializer_list<int64_t> each) : values_(each) {}

  // As many as there are spatial dimensions. Refuses another count, and numbers below 1, naming `what`: conv "conv1": kernel.
  std::vector<int64_t> of_rank(int64_t spatial, std::string_view what) const;

 private:
  std::vector<int64_t> values_;
};

// same: output = input / stride, rounded up, and what is needed of it split evenly, the odd one after (TensorFlow's rule).
// valid: none. A number: that much on both sides of every dimension (PyTorch's). A list: {before, after} for each dimension.
enum PaddingRule : uint8_t { valid, same };
struct PaddingPair {
  int64_t before = 0, after = 0;
};
class Padding {
 public:
  Padding(PaddingRule rule) : rule_(rule) {}                    // NOLINT: same is a padding
  Padding(int both) : explicit_(true), pairs_{{both, both}} {}  // NOLINT: 1 is a padding
  Padding(std::initializer_list<PaddingPair> each) : explicit_(true), pairs_(each) {}

  // "same", "valid", or before and after of each dimension in turn, as the operators take it. Refuses another count, and
  // negative numbers.
  Attribute attribute(int64_t spatial, std::string_view what) const;

 private:
  PaddingRule rule_ = valid;
  bool explicit_ = false;
  std::vector<PaddingPair> pairs_;
};

// An element-wise function, as a layer (`x | relu`) or as an option (`.activation = relu`).
struct Activation {
  enum class Kind : uint8_t { linear, relu, relu6, leaky_relu, swish, hard_swish, gelu, sigmoid, hard_sigmoid, tanh, softmax };
  Kind kind = Kind::linear;
  double slope = 0;  // of leaky relu below zero

  Value operator()(Value x) const;
};
inline constexpr Activation linear{Activation::Kind::linear};
inline constexpr Activation relu{Activation::Kind::relu};
inline constexpr Activation relu6{Activation::Kind::relu6};            // min(max(x, 0), 6)
inline constexpr Activation swish{Activation::Kind::swish};            // x sigmoid(x)
inline constexpr Activation hard_swish{Activation::Kind::hard_swish};  // x relu6(x + 3) / 6
inline constexpr Activation gelu{Activation::Kind::gelu};
inline constexpr Activation sigmoid{Activation::Kind::sigmoid};
inline constexpr Activation hard_sigmoid{Activation::Kind::hard_sigmoid};  // relu6(x + 3) / 6
inline constexpr Activation tanh{Activation::Kind::tanh};
inline constexpr Activation softmax{Activation::Kind::softmax};  // over the channels
constexpr Activation leaky_relu(double slope = 0.01) { return {Activation::Kind::leaky_relu, slope}; }

// [batch, spatial..., in] -> [batch, spatial..., filters]. Parameters: weight [kernel..., in / groups, filters], bias
// [filters].
struct ConvOptions {
  int64_t filters = 0;
  Extents kernel = 1;
  Extents stride = 1;
  Extents dilation = 1;
  int64_t groups = 1;
  Padding padding = valid;
  bool bias = true;
  Activation activation = linear;
  Initializer initializer = initializers::glorot_uniform;
  Initializer bias_initializer = initializers::zeros;
  bool frozen = false;  // training leaves the weight as it is
  std::string name;
};
Layer conv(ConvOptions options);

// A convolution of every channel alone, `multiplier` filters each. Weight [kernel..., 1, in * multiplier].
struct DepthwiseConvOptions {
  Extents kernel = 3;
  Extents stride = 1;
  Extents dilation = 1;
  int64_t multiplier = 1;
  Padding padding = valid;
  bool bias = true;
  Activation activation = linear;
  Initializer initializer = initializers::glorot_uniform;
  Initializer bias_initializer = initializers::zeros;
  std::string name;
};
Layer depthwise_conv(DepthwiseConvOptions options);

// The gradient of a convolution by its input, as a layer: spatial extents grow by the stride. With padding `same` the output is
// input * stride; else (input - 1) * stride + dilation * (kernel - 1) + 1 - padding. Weight [kernel..., filters, in].
struct TransposedConvOptions {
  int64_t filters = 0;
  Extents kernel = 2;
  Extents stride = 1;
  Extents dilation = 1;
  Padding padding = valid;
  bool bias = true;
  Activation activation = linear;
  Initializer initializer = initializers::glorot_uniform;
  Initializer bias_initializer = initializers::zeros;
  std::string name;
};
Layer transposed_conv(TransposedConvOptions options);

// [..., in] -> [..., units]. Parameters: weight [in, units], bias [units].
struct DenseOptions {
  int64_t units = 0;
  bool bias = true;
  Activation activation = linear;
  Initializer initializer = initializers::glorot_uniform;
  Initializer bias_initializer = initializers::zeros;
  std::string name;
};
Layer dense(DenseOptions options);

// Windows over the spatial dimensions, channel by channel; without a stride, windows lie side by side. Maxima see padding as
// minus infinity; averages divide by the number of real elements, or by the whole window with `count_padding`.
struct PoolOptions {
  Extents window = 2;
  std::optional<Extents> stride;
  Padding padding = valid;
  bool count_padding = false;
  bool partial = false;  // a last window that begins inside and ends outside counts too (sizes round up), as in Caffe
  std::string name;
};
Layer max_pool(PoolOptions options);
Layer avg_pool(PoolOptions options);
Layer global_avg_pool();  // [batch, spatial..., channels] -> [batch, channels]
Layer global_max_pool();

Layer flatten();                     // [batch, ...] -> [batch, features]
Layer reshape(Shape without_batch);  // [batch, ...] -> [batch, shape...]; one extent may be -1
Value concat(const std::vector<Value>& parts, int64_t dimension = -1);  // of equal shapes but for `dimension`

// Around the spatial dimensions, by `value`.
struct PadOptions {
  Padding padding = 1;
  double value = 0;
  std::string name;
};
Layer pad(PadOptions options);

// Every stride-th position of the spatial dimensions.
struct SubsampleOptions {
  Extents stride = 2;
  std::string name;
};
Layer subsample(SubsampleOptions options);

// `count` channels from `offset` on.
struct ChannelSliceOptions {
  int64_t offset = 0;
  int64_t count = 0;
  std::string name;
};
Layer channel_slice(ChannelSliceOptions options);

// Channels of zeros before and after those there are.
struct ChannelPadOptions {
  int64_t before = 0;
  int64_t after = 0;
  std::string name;
};
Layer channel_pad(ChannelPadOptions options);

// Zhang et al. 2018 (ShuffleNet): channel i of group g becomes channel i * groups + g.
struct ChannelShuffleOptions {
  int64_t groups = 2;
  std::string name;
};
Layer channel_shuffle(ChannelShuffleOptions options);

// Ioffe and Szegedy 2015: by each channel's mean and variance over the batch while training, by running ones after. `momentum`
// is TensorFlow's: running = momentum * running + (1 - momentum) * batch (PyTorch's is 1 - momentum); the running variance is
// the unbiased one. Parameters: weight (without `scale` it is 1 and none), bias; state: running_mean, running_var.
struct BatchNormOptions {
  double momentum = 0.9;
  double epsilon = 1e-5;
  Activation activation = linear;
  bool scale = true;
  Initializer scale_initializer = initializers::ones;
  std::string name;
};
Layer batch_norm(BatchNormOptions options = {});

// Ba et al. 2016: every position by the mean and variance over its channels.
struct LayerNormOptions {
  double epsilon = 1e-5;
  std::string name;
};
Layer layer_norm(LayerNormOptions options = {});

// Wu and He 2018: every image by the mean and variance of each group of channels. One channel a group is instance norm.
struct GroupNormOptions {
  int64_t groups = 32;
  double epsilon = 1e-5;
  std::string name;
};
Layer group_norm(GroupNormOptions options = {});

// While training: zeroes elements with probability `rate` and divides the rest by 1 - rate. Srivastava et al. 2014.
struct DropoutOptions {
  double rate = 0.5;
  std::string name;
};
Layer dropout(DropoutOptions options);

// The same for whole images: the branch of a residual block is dropped (stochastic depth, Huang et al. 2016).
Layer drop_connect(DropoutOptions options);

}  // namespace fovea
