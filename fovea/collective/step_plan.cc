// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/step_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fovea/collective/buckets.h"
#include "fovea/collective/shard_sum.h"
#include "fovea/collective/shards.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t element = sizeof(float);

bool is_power_of_two(int processes) { return std::has_single_bit(static_cast<unsigned>(processes)); }

// The most nodes of the tree that a process sends.
int64_t most_nodes(int processes, int64_t shards) {
  size_t most = 0;
  for (int rank = 0; rank < processes; ++rank) most = std::max(most, nodes_of(shards_of(shards, rank, processes)).size());
  return static_cast<int64_t>(most);
}

// The shards of the process that has most.
int64_t most_shards(int processes, int64_t shards) { return (shards + processes - 1) / processes; }

// What processes ask each other after a step goes up and down a binomial tree.
double asking_seconds(const Link& link, int processes) { return 2 * std::ceil(std::log2(processes)) * link.latency; }

// Exchanges each bucket once it is final and the one before it is exchanged, and sets `exchanging` and `hidden`.
void plan_exchange(StepPlan& plan, const StepProfile& profile, const Link& link) {
  std::vector<double> finished;  // each kernel of the last shard's last part, counted from its beginning
  double now = 0;
  for (const StepProfile::Kernel& kernel : profile.kernels) finished.push_back(now += kernel.seconds);
  const double computed = now + profile.packing_seconds;
  double exchanged = 0, busy = 0;
  for (const Bucket& bucket : buckets_of(profile.gradients)) {
    const double seconds = exchange_seconds(link, plan.processes, plan.shards, bucket.bytes, profile.adding_rate);
    exchanged = std::max(exchanged, finished[bucket.kernel]) + seconds;
    busy += seconds;
  }
  const double exposed = std::max(0.0, exchanged - computed);
  plan.hidden = busy - exposed;
  plan.exchanging = exposed + asking_seconds(link, plan.processes);
}

}  // namespace

int64_t StepProfile::gradient_bytes() const {
  int64_t bytes = 0;
  for (const Gradient& gradient : gradients) bytes += gradient.bytes;
  return bytes;
}

double StepProfile::shard_seconds() const {
  double seconds = 0;
  for (const Kernel& kernel : kernels) seconds += kernel.seconds;
  return static_cast<double>(parts) * seconds + packing_seconds;
}

StepProfile faster(StepProfile profile, double factor) {
  for (StepProfile::Kernel& kernel : profile.kernels) kernel.seconds /= factor;
  profile.packing_seconds /= factor;
  profile.update_seconds /= factor;
  profile.adding_rate *= factor;
  return profile;
}

double exchange_seconds(const Link& link, int processes, int64_t shards, int64_t bytes, double adding_rate) {
  const auto size = static_cast<double>(bytes);
  const auto message = [&](double of) { return link.latency + of / link.bytes_per_second; };
  double seconds = 0;
  if (is_power_of_two(processes)) {
    double part = size;
    for (int distance = 1; distance < processes; distance *= 2) {
      part /= 2;
      seconds += 2 * message(part) + part / adding_rate;  // there, and back again
    }
    return seconds;
  }
  const double piece = size / processes;
  const auto nodes = static_cast<double>(most_nodes(processes, shards));
  const auto added = static_cast<double>(node_count(shards, processes) - 1);
  return (processes - 1) * (nodes + 1) * message(piece) + added * piece / adding_rate;
}

int64_t exchanged_bytes(int processes, int64_t shards, int64_t bytes) {
  const int64_t others = bytes - bytes / processes;  // all pieces but the process's own
  return is_power_of_two(processes) ? 2 * others : (most_nodes(processes, shards) + 1) * others;
}

StepPlan plan_step(const StepProfile& profile, const Link& link, int processes, int64_t shards) {
  if (!std::has_single_bit(static_cast<uint64_t>(shards))) refuse("{} shards are no power of two", shards);
  if (processes > shards) refuse("{} processes are more than {} shards", processes, shards);
  StepPlan plan{.processes = processes, .shards = shards, .images = shards * profile.shard_images};
  plan.computing = static_cast<double>(most_shards(processes, shards)) * profile.shard_seconds();
  plan.updating = profile.update_seconds;
  const int64_t bytes = profile.gradient_bytes();
  if (processes > 1) {
    plan_exchange(plan, profile, link);
    plan.bytes_sent = exchanged_bytes(processes, shards, bytes);
  }
  plan.bytes_in_memory = profile.memory_bytes + bytes + ShardSum<float>::bytes_of(processes, shards, bytes / element);
  return plan;
}

double efficiency(const StepPlan& plan, const StepPlan& alone) {
  return plan.images_per_second() / (plan.processes * alone.images_per_second());
}

std::string to_json(const StepProfile& profile) {
  Json kernels = Json::array(), gradients = Json::array();
  for (const StepProfile::Kernel& kernel : profile.kernels) {
    kernels.push_back({{"kernel", kernel.name}, {"layer", kernel.layer}, {"seconds", kernel.seconds}});
  }
  for (const StepProfile::Gradient& gradient : profile.gradients) {
    gradients.push_back({{"tensor", gradient.name}, {"bytes", gradient.bytes}, {"last_kernel", gradient.kernel}});
  }
  const Json json = {{"model", profile.model},
                     {"dtype", profile.dtype},
                     {"threads", profile.threads},
                     {"shard_images", profile.shard_images},
                     {"parts", profile.parts},
                     {"packing_seconds", profile.packing_seconds},
                     {"adding_bytes_per_second", profile.adding_rate},
                     {"update_seconds", profile.update_seconds},
                     {"memory_bytes", profile.memory_bytes},
                     {"gradients", gradients},
                     {"kernels", kernels}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

StepProfile step_profile_of(const std::string& json, const std::string& file) {
  StepProfile profile;
  try {
    const Json all = Json::parse(json);
    profile.model = all.at("model");
    profile.dtype = all.at("dtype");
    profile.threads = all.at("threads");
    profile.shard_images = all.at("shard_images");
    profile.parts = all.at("parts");
    profile.packing_seconds = all.at("packing_seconds");
    profile.adding_rate = all.at("adding_bytes_per_second");
    profile.update_seconds = all.at("update_seconds");
    profile.memory_bytes = all.at("memory_bytes");
    for (const Json& each : all.at("gradients"))
      profile.gradients.push_back({each.at("tensor"), each.at("bytes"), each.at("last_kernel")});
    for (const Json& each : all.at("kernels"))
      profile.kernels.push_back({each.at("kernel"), each.at("layer"), each.at("seconds")});
  } catch (const Json::exception& error) {
    fail(ErrorCode::invalid_argument, "{} is no profile of a training step: {}", file, error.what());
  }
  const auto positive = [](double number) { return std::isfinite(number) && number > 0; };
  const bool sound = positive(profile.adding_rate) && profile.shard_images > 0 && profile.parts > 0 &&
                     positive(profile.shard_seconds()) && profile.update_seconds >= 0 &&
                     std::ranges::all_of(profile.gradients, [&](const StepProfile::Gradient& each) {
                       return each.bytes >= 0 && each.kernel < profile.kernels.size();
                     });
  if (!sound) fail(ErrorCode::invalid_argument, "{} is no profile of a training step: a number in it is impossible", file);
  return profile;
}

}  // namespace fovea
