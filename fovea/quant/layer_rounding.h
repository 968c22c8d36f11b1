// SPDX-License-Identifier: Apache-2.0
/// \file
/// Learns for each weight of one layer whether it is rounded up or down (AdaRound: Nagel et al., "Up or down? Adaptive rounding
/// for post-training quantization", 2020, section 3), and the bias that goes with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/inference/session.h"
#include "fovea/nn/value.h"

namespace fovea {

/// How rounding is learned.
struct RoundingOptions {
  int64_t steps = 1000;    ///< of Adam, for each layer
  int64_t batch = 32;      ///< samples of a step
  double rate = 0.01;      ///< of Adam
  double strength = 0.3;   ///< of the regularizer that makes every rounding up or down, relative to the error of rounding
  double warm_up = 0.2;    ///< share of the steps without the regularizer
  double first_beta = 20;  ///< exponent of the regularizer at its start
  double last_beta = 2;    ///< and at its end; it falls along a cosine
  uint64_t seed = 1;       ///< of the choice of samples
};

/// A convolution or dense layer, and samples of what it reads and of what it should give.
struct RoundingTask {
  std::string op;                           ///< "conv" (of two spatial dimensions, without padding) or "dense"
  std::vector<int64_t> strides, dilations;  ///< of a convolution; empty: ones
  int64_t groups = 1;                       ///< of a convolution
  std::string activation = "none";          ///< after the bias: none, relu, relu6, relu_n1_to_1 or hard_sigmoid
  Tensor weight;                            ///< [..., outputs] f32
  Tensor bias;                              ///< [outputs] f32; empty without one
  bool learns_bias = true;                  ///< whether the bias is learned, too
  std::vector<float> scales;                ///< of the integers, one for each output
  int64_t limit = 127;                      ///< integers are from -limit to limit
  Tensor inputs;                            ///< [samples, ...] f32: what the layer reads in the network of integers
  Tensor targets;                           ///< [samples, ..., outputs] f32: what it gives in the float network
};

/// What was learned about a layer.
struct LayerRounding {
  /// Integers times scales, f32. The nearest integer of weight / scale is the learned one.
  Tensor weight;
  Tensor bias;          ///< real numbers; empty without one
  double nearest = 0;   ///< mean squared error of the layer's result with nearest rounding, on samples it was not learned from
  double learned = 0;   ///< the same with learned rounding
  int64_t changed = 0;  ///< weights that are not rounded to the nearest integer
};

/// Learns one layer after the other, with one compiled training step for all layers of equal shapes.
class RoundingTrainer {
 public:
  /// Nothing is compiled yet.
  explicit RoundingTrainer(RoundingOptions options) : options_(options) {}

  /// Learns from the first four fifths of the samples. On the rest, each output's learned rounding and bias are compared with
  /// nearest rounding and the given bias, and the better ones are taken. The result depends on the seed and `stream`, which
  /// should differ between layers, and not on the number of threads. Fails on fewer than 5 samples.
  LayerRounding learn(const RoundingTask& task, uint64_t stream, ThreadPool& threads);

 private:
  Session& session(const Graph& graph);
  LayerRounding better_of(const RoundingTask& task, const Tensor& nearest, ThreadPool& threads);
  std::vector<double> errors(const RoundingTask& task, const Tensor& weight, const Tensor& bias, ThreadPool& threads);

  RoundingOptions options_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;  // by the graph's text
};

}  // namespace fovea
