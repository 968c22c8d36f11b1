// SPDX-License-Identifier: Apache-2.0
/// \file
/// The layers: functions that take named options and return a callable from Value to Value.
///
/// Activations are [batch, spatial..., channels]. Convolution and pooling take 1, 2 or 3 spatial dimensions, by the rank of
/// their input. Sizes are inferred. A layer's parameters are created at its first use in a graph and shared by later uses of
/// the same layer object. Impossible options are refused when the layer is used, in a message that names the layer.
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

/// One number for all spatial dimensions, or one for each: `.kernel = 3`, `.kernel = {3, 5}`.
class Extents {
 public:
  /// The same extent for all dimensions.
  Extents(int64_t all) : values_{all} {}  // NOLINT: 3 is an extent
  /// One extent for each dimension.
  Extents(std::initializer_list<int64_t> each) : values_(each) {}

  /// As many numbers as there are spatial dimensions. Refuses another count and numbers below 1, in a message that begins with
  /// `what` (`conv "conv1": kernel`).
  std::vector<int64_t> of_rank(int64_t spatial, std::string_view what) const;

 private:
  std::vector<int64_t> values_;
};

/// How an image is padded by a rule. `same`: the output size is the input size divided by the stride, rounded up, and the
/// padding is split evenly with an odd cell after (TensorFlow's rule). `valid`: not at all.
enum PaddingRule : uint8_t { valid, same };
/// The padding of one dimension.
struct PaddingPair {
  int64_t before = 0;  ///< cells before the image
  int64_t after = 0;   ///< cells after it
};
/// The padding of all spatial dimensions: a rule, a number, or a list.
class Padding {
 public:
  /// A rule.
  Padding(PaddingRule rule) : rule_(rule) {}  // NOLINT: same is a padding
  /// So many cells on both sides of every dimension, as in PyTorch.
  Padding(int both) : explicit_(true), pairs_{{both, both}} {}  // NOLINT: 1 is a padding
  /// {before, after} for each dimension.
  Padding(std::initializer_list<PaddingPair> each) : explicit_(true), pairs_(each) {}

  /// As operators take it: "same", "valid", or before and after of each dimension in turn. Refuses another count, and negative
  /// numbers.
  Attribute attribute(int64_t spatial, std::string_view what) const;

 private:
  PaddingRule rule_ = valid;
  bool explicit_ = false;
  std::vector<PaddingPair> pairs_;
};

/// An element-wise function, used as a layer (`x | relu`) or as an option (`.activation = relu`).
struct Activation {
  /// The functions there are.
  enum class Kind : uint8_t { linear, relu, relu6, leaky_relu, swish, hard_swish, gelu, sigmoid, hard_sigmoid, tanh, softmax };
  Kind kind = Kind::linear;  ///< which of them
  double slope = 0;          ///< of leaky_relu below zero

  /// Records the function.
  Value operator()(Value x) const;
};
/// The identity.
inline constexpr Activation linear{Activation::Kind::linear};
/// max(x, 0)
inline constexpr Activation relu{Activation::Kind::relu};
inline constexpr Activation relu6{Activation::Kind::relu6};            ///< min(max(x, 0), 6)
inline constexpr Activation swish{Activation::Kind::swish};            ///< x * sigmoid(x)
inline constexpr Activation hard_swish{Activation::Kind::hard_swish};  ///< x * relu6(x + 3) / 6
/// x * (1 + erf(x / sqrt(2))) / 2
inline constexpr Activation gelu{Activation::Kind::gelu};
/// 1 / (1 + exp(-x))
inline constexpr Activation sigmoid{Activation::Kind::sigmoid};
inline constexpr Activation hard_sigmoid{Activation::Kind::hard_sigmoid};  ///< relu6(x + 3) / 6
/// The hyperbolic tangent.
inline constexpr Activation tanh{Activation::Kind::tanh};
inline constexpr Activation softmax{Activation::Kind::softmax};  ///< over the channels
/// x above 0, `slope` * x below.
constexpr Activation leaky_relu(double slope = 0.01) { return {Activation::Kind::leaky_relu, slope}; }

/// The options of a convolution.
struct ConvOptions {
  int64_t filters = 0;                                     ///< output channels
  Extents kernel = 1;                                      ///< size of the filters
  Extents stride = 1;                                      ///< between output positions
  Extents dilation = 1;                                    ///< between the taps of a filter
  int64_t groups = 1;                                      ///< divides both input and output channels
  Padding padding = valid;                                 ///< around the image
  bool bias = true;                                        ///< adds one number for each filter
  Activation activation = linear;                          ///< applied last
  Initializer initializer = initializers::glorot_uniform;  ///< of the weight
  Initializer bias_initializer = initializers::zeros;      ///< of the bias
  bool frozen = false;                                     ///< whether training leaves the weight as it is
  std::string name;                                        ///< the layer's name; empty: its kind and a number
};
/// Convolution: [batch, spatial..., in] -> [batch, spatial..., filters]. Parameters: weight [kernel..., in / groups, filters],
/// bias [filters].
Layer conv(ConvOptions options);

/// The options of a depthwise convolution.
struct DepthwiseConvOptions {
  Extents kernel = 3;                                      ///< size of the filters
  Extents stride = 1;                                      ///< between output positions
  Extents dilation = 1;                                    ///< between the taps of a filter
  int64_t multiplier = 1;                                  ///< filters for each channel
  Padding padding = valid;                                 ///< around the image
  bool bias = true;                                        ///< adds one number for each output channel
  Activation activation = linear;                          ///< applied last
  Initializer initializer = initializers::glorot_uniform;  ///< of the weight
  Initializer bias_initializer = initializers::zeros;      ///< of the bias
  std::string name;                                        ///< the layer's name; empty: its kind and a number
};
/// A convolution of each channel on its own, with `multiplier` filters each. Parameters: weight [kernel..., 1, in *
/// multiplier], bias [in * multiplier].
Layer depthwise_conv(DepthwiseConvOptions options);

/// The options of a transposed convolution.
struct TransposedConvOptions {
  int64_t filters = 0;                                     ///< output channels
  Extents kernel = 2;                                      ///< size of the filters
  Extents stride = 1;                                      ///< the factor by which the spatial extents grow
  Extents dilation = 1;                                    ///< between the taps of a filter
  Padding padding = valid;                                 ///< of the convolution whose transpose this is
  bool bias = true;                                        ///< adds one number for each filter
  Activation activation = linear;                          ///< applied last
  Initializer initializer = initializers::glorot_uniform;  ///< of the weight
  Initializer bias_initializer = initializers::zeros;      ///< of the bias
  std::string name;                                        ///< the layer's name; empty: its kind and a number
};
/// The gradient of a convolution by its input, as a layer. With padding `same`, spatial extents become input * stride,
/// otherwise (input - 1) * stride + dilation * (kernel - 1) + 1 - padding. Parameters: weight [kernel..., filters, in], bias
/// [filters].
Layer transposed_conv(TransposedConvOptions options);

/// The options of a dense layer.
struct DenseOptions {
  int64_t units = 0;                                       ///< output features
  bool bias = true;                                        ///< adds one number for each unit
  Activation activation = linear;                          ///< applied last
  Initializer initializer = initializers::glorot_uniform;  ///< of the weight
  Initializer bias_initializer = initializers::zeros;      ///< of the bias
  std::string name;                                        ///< the layer's name; empty: its kind and a number
};
/// A fully connected layer: [..., in] -> [..., units]. Parameters: weight [in, units], bias [units].
Layer dense(DenseOptions options);

/// The options of pooling.
struct PoolOptions {
  Extents window = 2;             ///< size of the windows
  std::optional<Extents> stride;  ///< between windows; none: the window's size, so that windows do not overlap
  Padding padding = valid;        ///< counts as minus infinity for a maximum
  bool count_padding = false;     ///< whether an average divides by the whole window rather than by its cells inside the image
  bool partial = false;  ///< whether a last window that begins inside and ends outside counts (sizes round up), as in Caffe
  std::string name;      ///< the layer's name
};
/// The maximum of each window over the spatial dimensions, channel by channel.
Layer max_pool(PoolOptions options);
/// The average of each window over the spatial dimensions, channel by channel.
Layer avg_pool(PoolOptions options);
Layer global_avg_pool();  ///< [batch, spatial..., channels] -> [batch, channels]
/// [batch, spatial..., channels] -> [batch, channels]
Layer global_max_pool();

Layer flatten();                     ///< [batch, ...] -> [batch, features]
Layer reshape(Shape without_batch);  ///< [batch, ...] -> [batch, shape...]; one extent may be -1
/// The parts joined along `dimension`, where their extents may differ; all other extents are equal.
Value concat(const std::vector<Value>& parts, int64_t dimension = -1);

/// The options of padding.
struct PadOptions {
  Padding padding = 1;  ///< cells around the spatial dimensions
  double value = 0;     ///< what they hold
  std::string name;     ///< the layer's name
};
/// The image with cells of one value around its spatial dimensions.
Layer pad(PadOptions options);

/// The options of subsampling.
struct SubsampleOptions {
  Extents stride = 2;  ///< between the positions that are kept
  std::string name;    ///< the layer's name
};
/// The options of subsampling.
Layer subsample(SubsampleOptions options);

/// The options of a slice of channels.
struct ChannelSliceOptions {
  int64_t offset = 0;  ///< the first channel
  int64_t count = 0;   ///< how many
  std::string name;    ///< the layer's name
};
/// The options of a slice of channels.
Layer channel_slice(ChannelSliceOptions options);

/// The options of padding with channels.
struct ChannelPadOptions {
  int64_t before = 0;  ///< channels of zeros in front
  int64_t after = 0;   ///< channels of zeros behind
  std::string name;    ///< the layer's name
};
/// Channels of zeros before and after those of the input.
Layer channel_pad(ChannelPadOptions options);

/// The options of a channel shuffle.
struct ChannelShuffleOptions {
  int64_t groups = 2;  ///< must divide the channels
  std::string name;    ///< the layer's name
};
/// Channel i of group g becomes channel i * groups + g (ShuffleNet, Zhang et al. 2018).
Layer channel_shuffle(ChannelShuffleOptions options);

/// The options of batch normalization.
struct BatchNormOptions {
  /// As in TensorFlow: running = momentum * running + (1 - momentum) * batch. PyTorch's is 1 - momentum.
  double momentum = 0.9;
  double epsilon = 1e-5;                               ///< added to the variance
  Activation activation = linear;                      ///< applied last
  bool scale = true;                                   ///< whether there is a scale; without, it is 1
  Initializer scale_initializer = initializers::ones;  ///< of the scale
  std::string name;                                    ///< the layer's name
};
/// Normalizes each channel by its mean and variance over the batch in training, and by running statistics otherwise (Ioffe and
/// Szegedy 2015). The running variance is the unbiased one. Parameters: weight (the scale), bias; state: running_mean,
/// running_var.
Layer batch_norm(BatchNormOptions options = {});

/// The options of layer normalization.
struct LayerNormOptions {
  double epsilon = 1e-5;  ///< added to the variance
  std::string name;       ///< the layer's name
};
/// Normalizes each position by the mean and variance over its channels (Ba et al. 2016). Parameters: weight, bias.
Layer layer_norm(LayerNormOptions options = {});

/// The options of group normalization.
struct GroupNormOptions {
  int64_t groups = 32;    ///< must divide the channels; as many as there are channels is instance normalization
  double epsilon = 1e-5;  ///< added to the variance
  std::string name;       ///< the layer's name
};
/// Normalizes each image by the mean and variance of each group of channels (Wu and He 2018). Parameters: weight, bias.
Layer group_norm(GroupNormOptions options = {});

/// The options of dropout and drop_connect.
struct DropoutOptions {
  double rate = 0.5;  ///< the probability of a zero
  std::string name;   ///< the layer's name
};
/// In training, zeroes elements with probability `rate` and divides the others by 1 - rate (Srivastava et al. 2014).
Layer dropout(DropoutOptions options);

/// The same for whole images: the branch of a residual block is dropped (stochastic depth, Huang et al. 2016).
Layer drop_connect(DropoutOptions options);

}  // namespace fovea
