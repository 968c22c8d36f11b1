// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a training step takes in several processes, planned from what its kernels take in one.
///
/// The plan assumes that all processes are alike; that each has a link of its own, which carries messages in both directions at
/// once and is the only limit of what travels; that batches are ready when they are needed; and that an exchange does not slow
/// down what is computed at the same time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

/// The link of a process to all others.
struct Link {
  double bytes_per_second = 0;  ///< of large messages, in each direction
  double latency = 0;           ///< seconds that a message takes in addition
};

/// A training step as it was measured in one process.
struct StepProfile {
  /// A kernel of the program that computes gradients.
  struct Kernel {
    std::string name;    ///< its symbol
    std::string layer;   ///< the layer that it came from
    double seconds = 0;  ///< of one call
  };
  /// What is summed over the shards: a gradient, or a running statistic.
  struct Gradient {
    std::string name;   ///< of its tensor
    int64_t bytes = 0;  ///< in memory and on the way
    size_t kernel = 0;  ///< index of the last kernel that writes it
  };

  std::string model;                ///< the network's name
  std::string dtype;                ///< of activations
  int threads = 1;                  ///< of the process
  int64_t shard_images = 0;         ///< images of a shard
  int64_t parts = 1;                ///< runs of the kernels for a shard: Recipe::accumulate
  std::vector<Kernel> kernels;      ///< in the order of their calls
  std::vector<Gradient> gradients;  ///< all that is summed
  double packing_seconds = 0;       ///< of a shard: setting gradients to zero and adding them to its process's sum
  double adding_rate = 0;           ///< bytes per second at which sums that arrive are added
  double update_seconds = 0;        ///< after the exchange: storing the sums, and the optimizer
  int64_t memory_bytes = 0;         ///< of the programs and their tensors, without what the exchange takes

  int64_t gradient_bytes() const;  ///< Of all gradients.
  double shard_seconds() const;    ///< Of computing a shard and adding it to the process's sum.
};

/// The same step on processors that compute and add `factor` times as fast.
StepProfile faster(StepProfile profile, double factor);

/// The profile as JSON.
std::string to_json(const StepProfile& profile);
/// Reads it back. Fails on anything else; the message begins with `file`.
StepProfile step_profile_of(const std::string& json, const std::string& file);

/// The seconds that all processes take to sum `bytes` over shards that are computed (ShardSum::finish). `adding_rate` is in
/// bytes per second.
double exchange_seconds(const Link& link, int processes, int64_t shards, int64_t bytes, double adding_rate);

/// The bytes that a process sends for that, the most of any.
int64_t exchanged_bytes(int processes, int64_t shards, int64_t bytes);

/// A planned step. Times are in seconds, of the process that takes longest.
struct StepPlan {
  int processes = 1;
  int64_t shards = 1;
  int64_t images = 0;           ///< of all shards
  double computing = 0;         ///< of its shards
  double exchanging = 0;        ///< while nothing is computed
  double hidden = 0;            ///< exchanging while its last shard is computed, which is part of `computing`
  double updating = 0;          ///< the same in every process
  int64_t bytes_sent = 0;       ///< by a process, the most of any
  int64_t bytes_in_memory = 0;  ///< of a process, the most of any

  double seconds() const { return computing + exchanging + updating; }                  ///< of the step
  double images_per_second() const { return static_cast<double>(images) / seconds(); }  ///< of all processes together
};

/// Plans a step of `shards` shards (a power of two) in so many processes. Refuses more processes than shards.
StepPlan plan_step(const StepProfile& profile, const Link& link, int processes, int64_t shards);

/// The speed of a plan as a share of that of as many processes as fast as the one of `alone`.
double efficiency(const StepPlan& plan, const StepPlan& alone);

}  // namespace fovea
