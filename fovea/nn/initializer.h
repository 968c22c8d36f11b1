// SPDX-License-Identifier: Apache-2.0
/// \file
/// The values that parameters start from. They are a function of seed, name and shape alone, so they depend neither on the
/// order in which layers are written nor on the batch.
///
/// fan_in = taps x input channels and fan_out = taps x output channels, both per group (He et al. 2015, Glorot and Bengio 2010,
/// LeCun et al. 1998). PyTorch's fan_out counts the output channels of all groups: a depthwise convolution of C channels starts
/// sqrt(C) times smaller there than in TensorFlow and timm.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

/// A distribution of start values.
struct Initializer {
  /// What is drawn. A truncated normal is redrawn beyond two standard deviations.
  enum class Distribution : uint8_t { constant, uniform, normal, truncated_normal };
  /// What the variance is divided by. `both` is the mean of fan_in and fan_out; `out_of_groups` counts the output channels of
  /// all groups, as PyTorch does.
  enum class Fan : uint8_t { none, in, out, both, out_of_groups };

  Distribution distribution = Distribution::constant;  ///< which distribution
  /// Without a fan: the constant's value, half the width of the uniform distribution, or the standard deviation of a normal
  /// one. With a fan: the variance times the fan, for any distribution. A truncated normal is widened so that its variance
  /// after truncation is this one.
  double scale = 0;
  Fan fan = Fan::none;  ///< what `scale` refers to
  /// For a convolution without groups: filter i starts as the identity on channel i, for as many filters as there are channels
  /// (PyTorch's dirac_), and only the rest is drawn.
  bool identity = false;
};

/// The initializers that layers and recipes name.
namespace initializers {

inline constexpr Initializer zeros{};                                                                  ///< all 0
inline constexpr Initializer ones{Initializer::Distribution::constant, 1};                             ///< all 1
constexpr Initializer constant(double value) { return {Initializer::Distribution::constant, value}; }  ///< all `value`
constexpr Initializer uniform(double limit) { return {Initializer::Distribution::uniform, limit}; }    ///< in [-limit, limit)
/// Mean 0, standard deviation `deviation`.
constexpr Initializer normal(double deviation) { return {Initializer::Distribution::normal, deviation}; }
/// Redrawn beyond two standard deviations; `deviation` is the one before truncation, as in TensorFlow.
constexpr Initializer truncated_normal(double deviation) { return {Initializer::Distribution::truncated_normal, deviation}; }

/// Variance 1 / mean of fan_in and fan_out (Glorot and Bengio 2010).
inline constexpr Initializer glorot_uniform{Initializer::Distribution::uniform, 1, Initializer::Fan::both};
/// The same variance, normally distributed.
inline constexpr Initializer glorot_normal{Initializer::Distribution::normal, 1, Initializer::Fan::both};
/// Variance 2 / fan_in (He et al. 2015).
inline constexpr Initializer kaiming_fan_in{Initializer::Distribution::normal, 2, Initializer::Fan::in};
/// Variance 2 / fan_out.
inline constexpr Initializer kaiming_fan_out{Initializer::Distribution::normal, 2, Initializer::Fan::out};
/// The same with PyTorch's fan_out.
inline constexpr Initializer torch_kaiming_fan_out{Initializer::Distribution::normal, 2, Initializer::Fan::out_of_groups};
/// Variance 2 / fan_in, uniformly distributed.
inline constexpr Initializer kaiming_uniform{Initializer::Distribution::uniform, 2, Initializer::Fan::in};
/// Variance 1 / fan_in (LeCun et al. 1998).
inline constexpr Initializer lecun_normal{Initializer::Distribution::normal, 1, Initializer::Fan::in};
/// The same variance, uniformly distributed.
inline constexpr Initializer lecun_uniform{Initializer::Distribution::uniform, 1, Initializer::Fan::in};
/// Variance 1 / fan_in after truncation, as in the TPU implementation of ResNet.
inline constexpr Initializer truncated_lecun{Initializer::Distribution::truncated_normal, 1, Initializer::Fan::in};
/// PyTorch's default for linear layers and convolutions: uniform in +-1/sqrt(fan_in).
inline constexpr Initializer torch_uniform{Initializer::Distribution::uniform, 1.0 / 3, Initializer::Fan::in};
/// The same, except for the filters that pass a channel through.
inline constexpr Initializer torch_identity{Initializer::Distribution::uniform, 1.0 / 3, Initializer::Fan::in, true};

}  // namespace initializers

/// How the numbers of a parameter are ordered, for exchange with frameworks that order them differently
/// (fovea/models/weights/weights.h).
enum class ParameterKind : uint8_t {
  plain,   ///< a number for each channel, or anything else with the same order everywhere
  filter,  ///< [kernel..., in, out]
  dense,   ///< [in, out]
};

/// A tensor that a network trains or keeps.
struct ParameterSpec {
  std::string name;                           ///< full name: "layer1.0.conv1.weight"
  Shape shape;                                ///< extents
  Initializer initializer;                    ///< what it starts from
  int64_t fan_in = 1;                         ///< as the initializer uses it
  int64_t fan_out = 1;                        ///< as the initializer uses it
  int64_t groups = 1;                         ///< of its convolution
  bool trained = true;                        ///< false for state, such as running statistics or a momentum
  bool frozen = false;                        ///< whether training leaves this parameter as it is
  bool decayed = true;                        ///< false for biases and normalization, which weight decay may leave out
  bool normalization = false;                 ///< whether it is a scale or shift of normalization
  std::string stream = {};                    ///< the name whose random numbers it starts from, if not its own
  ParameterKind kind = ParameterKind::plain;  ///< how its numbers are ordered
  /// For a dense layer, the maps [spatial..., channels] that it reads flattened and concatenated; empty where it reads features
  /// without such an order.
  std::vector<Shape> maps = {};
};

/// The start values of a parameter, f32. Its random numbers come from the stream that the hash of its name gives.
Tensor initial_value(const ParameterSpec& parameter, uint64_t seed);

}  // namespace fovea
