// SPDX-License-Identifier: Apache-2.0
// The values parameters start from: a function of seed, name and shape alone, so that a network's start depends neither on
// the order in which its layers are written nor on the batch.
//
// fan_in = taps x input channels, fan_out = taps x output channels, both per group (He et al. 2015, Glorot and
// Bengio 2010, LeCun et al. 1998). PyTorch's fan_out takes the output channels of all groups: a depthwise convolution of C
// channels starts sqrt(C) times smaller there than in TensorFlow and timm.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

struct Initializer {
  enum class Distribution : uint8_t { constant, uniform, normal, truncated_normal };
  // both: the mean of fan_in and fan_out. out_of_groups: the output channels of all groups, as PyTorch counts them.
  enum class Fan : uint8_t { none, in, out, both, out_of_groups };

  Distribution distribution = Distribution::constant;
  // constant: the value. uniform: half the width. normal: the deviation. With a fan, the variance times the fan instead,
  // whatever the distribution; a truncated normal (two sigma) is widened so that the variance after the cut is the wanted one.
  double scale = 0;
  Fan fan = Fan::none;
  // Of a convolution without groups: filter i starts as the identity on channel i, for as many as there are channels (PyTorch's
  // dirac_); only the rest is drawn.
  bool identity = false;
};

namespace initializers {

inline constexpr Initializer zeros{};
inline constexpr Initializer ones{Initializer::Distribution::constant, 1};
constexpr Initializer constant(double value) { return {Initializer::Distribution::constant, value}; }
constexpr Initializer uniform(double limit) { return {Initializer::Distribution::uniform, limit}; }  // in [-limit, limit)
constexpr Initializer normal(double deviation) { return {Initializer::Distribution::normal, deviation}; }
// Redrawn beyond two deviations; `deviation` is that before the cut, as in TensorFlow.
constexpr Initializer truncated_normal(double deviation) { return {Initializer::Distribution::truncated_normal, deviation}; }

inline constexpr Initializer glorot_uniform{Initializer::Distribution::uniform, 1, Initializer::Fan::both};
inline constexpr Initializer glorot_normal{Initializer::Distribution::normal, 1, Initializer::Fan::both};
inline constexpr Initializer kaiming_fan_in{Initializer::Distribution::normal, 2, Initializer::Fan::in};
inline constexpr Initializer kaiming_fan_out{Initializer::Distribution::normal, 2, Initializer::Fan::out};
inline constexpr Initializer torch_kaiming_fan_out{Initializer::Distribution::normal, 2, Initializer::Fan::out_of_groups};
inline constexpr Initializer kaiming_uniform{Initializer::Distribution::uniform, 2, Initializer::Fan::in};
inline constexpr Initializer lecun_normal{Initializer::Distribution::normal, 1, Initializer::Fan::in};
inline constexpr Initializer lecun_uniform{Initializer::Distribution::uniform, 1, Initializer::Fan::in};
// Variance 1 / fan_in after the cut: the TPU ResNet's.
inline constexpr Initializer truncated_lecun{Initializer::Distribution::truncated_normal, 1, Initializer::Fan::in};
// PyTorch's default for linear layers and convolutions: uniform in +-1/sqrt(fan_in).
inline constexpr Initializer torch_uniform{Initializer::Distribution::uniform, 1.0 / 3, Initializer::Fan::in};
// The same but for the filters that pass a channel through.
inline constexpr Initializer torch_identity{Initializer::Distribution::uniform, 1.0 / 3, Initializer::Fan::in, true};

}  // namespace initializers

// What a parameter's numbers are, for exchange with frameworks that order them otherwise (fovea/models/weights/weights.h).
enum class ParameterKind : uint8_t {
  plain,   // a number for each channel, and whatever else has no order of its own
  filter,  // [kernel..., in, out]
  dense,   // [in, out]
};

// What a trained or kept tensor of a network is.
struct ParameterSpec {
  std::string name;  // "layer1.0.conv1.weight"
  Shape shape;
  Initializer initializer;
  int64_t fan_in = 1;
  int64_t fan_out = 1;
  int64_t groups = 1;
  bool trained = true;         // false: state, such as a running mean or a momentum
  bool frozen = false;         // a parameter that training leaves as it is
  bool decayed = true;         // false for biases and normalization: weight decay may leave them out
  bool normalization = false;  // a scale or shift of normalization
  std::string stream = {};     // the name whose random numbers it starts from, if not its own
  ParameterKind kind = ParameterKind::plain;
  // dense: the maps [spatial..., channels] whose flattening, side by side, it reads; empty where it reads plain features.
  std::vector<Shape> maps = {};
};

// f32. The random numbers come from the stream named by the hash of the parameter's name.
Tensor initial_value(const ParameterSpec& parameter, uint64_t seed);

}  // namespace fovea
