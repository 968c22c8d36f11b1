// SPDX-License-Identifier: Apache-2.0
#include "app/step_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "fovea/collective/shards.h"
#include "fovea/collective/step_plan.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/output_file.h"
#include "fovea/report/chart.h"
#include "fovea/train/step_measurement.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

std::string bandwidth_text(double bytes_per_second) { return fmt::format("{:.4g} Gbit/s", bytes_per_second * 8e-9); }

// The images of a shard: those of a process in weak scaling.
int64_t shard_images(const TrainedModel& model, const StepForm& form, const StepPlanOptions& options) {
  const int64_t batch = form.batch > 0 ? form.batch : model.recipe.batch;
  if (options.weak) return batch;
  const int most = *std::ranges::max_element(options.processes);
  const int64_t shards = options.shards > 0 ? options.shards : chosen_shards(batch / model.recipe.accumulate, most);
  if (batch % shards != 0) refuse("a batch of {} images cannot be cut into {} equal shards", batch, shards);
  return batch / shards;
}

StepProfile profile_of(const CommonOptions& common, const TrainedModel& model, const StepForm& form,
                       const StepPlanOptions& options) {
  const int64_t images = shard_images(model, form, options);
  if (!options.profile.empty()) {
    StepProfile profile = step_profile_of(read_text(options.profile), options.profile);
    if (profile.model != model.network.name)
      refuse("{} is the profile of {}, and not of {}", options.profile, profile.model, model.network.name);
    if (profile.shard_images != images) {
      refuse("{} was measured on shards of {} images; these have {} (--batch, --shards)", options.profile, profile.shard_images,
             images);
    }
    return profile;
  }
  Recipe recipe = model.recipe;
  recipe.dtype = form.dtype;
  ThreadPool threads(common.thread_count());
  return measure_step(model.network, recipe, images, threads, options.seconds,
                      {.threads = threads.size(), .memory = form.memory, .dtype = dtype_named(form.dtype)});
}

// The profile of a processor that computes a shard and updates at this speed; 0: the same.
StepProfile at_speed(const StepProfile& profile, double images_per_second) {
  if (images_per_second == 0) return profile;
  const double seconds = static_cast<double>(profile.shard_images) / images_per_second;
  return faster(profile, (profile.shard_seconds() + profile.update_seconds) / seconds);
}

// Plans by bandwidth, in the order of options.processes.
using Plans = std::vector<std::vector<StepPlan>>;

struct Planned {
  StepProfile profile;
  StepPlan alone;  // in one process
  Plans plans;
};

Planned plan_all(const StepProfile& profile, int64_t batch, const StepPlanOptions& options) {
  const auto shards = [&](int processes) {
    return options.weak ? static_cast<int64_t>(std::bit_ceil(static_cast<unsigned>(processes))) : batch / profile.shard_images;
  };
  Planned planned{profile, plan_step(profile, {.bytes_per_second = options.bandwidths.front()}, 1, shards(1)), {}};
  for (const double bandwidth : options.bandwidths) {
    std::vector<StepPlan>& plans = planned.plans.emplace_back();
    for (const int processes : options.processes)
      plans.push_back(
          plan_step(profile, {.bytes_per_second = bandwidth, .latency = options.latency}, processes, shards(processes)));
  }
  return planned;
}

std::string table(const Planned& planned, const StepPlanOptions& options) {
  const StepProfile& profile = planned.profile;
  std::string text = fmt::format(
      "\na shard of {} images takes {:.1f} ms on {} thread{}, the update {:.1f} ms; {} are summed over all shards\n",
      profile.shard_images, 1e3 * profile.shard_seconds(), profile.threads, profile.threads == 1 ? "" : "s",
      1e3 * profile.update_seconds, bytes_text(profile.gradient_bytes()));
  for (size_t link = 0; link < options.bandwidths.size(); ++link) {
    text += fmt::format("\n{}, {:.4g} us\n{:>9} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10} {:>9} {:>11} {:>10} {:>10}\n",
                        bandwidth_text(options.bandwidths[link]), 1e6 * options.latency, "processes", "shards", "ms/step",
                        "computing", "exchange", "(hidden)", "update", "images/s", "efficiency", "sent", "memory");
    for (const StepPlan& plan : planned.plans[link]) {
      text += fmt::format("{:>9} {:>7} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f} {:>10.1f} {:>9.1f} {:>10.1f}% {:>10} {:>10}\n",
                          plan.processes, plan.shards, 1e3 * plan.seconds(), 1e3 * plan.computing, 1e3 * plan.exchanging,
                          1e3 * plan.hidden, 1e3 * plan.updating, plan.images_per_second(),
                          100 * efficiency(plan, planned.alone), bytes_text(plan.bytes_sent), bytes_text(plan.bytes_in_memory));
    }
  }
  return text;
}

Json json_of(const Planned& planned, const StepPlanOptions& options) {
  Json plans = Json::array();
  for (size_t link = 0; link < options.bandwidths.size(); ++link) {
    for (const StepPlan& plan : planned.plans[link]) {
      plans.push_back({{"bytes_per_second", options.bandwidths[link]},
                       {"latency_seconds", options.latency},
                       {"processes", plan.processes},
                       {"shards", plan.shards},
                       {"images", plan.images},
                       {"step_seconds", plan.seconds()},
                       {"computing_seconds", plan.computing},
                       {"exchange_seconds", plan.exchanging},
                       {"hidden_seconds", plan.hidden},
                       {"update_seconds", plan.updating},
                       {"images_per_second", plan.images_per_second()},
                       {"efficiency", efficiency(plan, planned.alone)},
                       {"bytes_sent", plan.bytes_sent},
                       {"bytes_in_memory", plan.bytes_in_memory}});
    }
  }
  return {{"model", planned.profile.model}, {"shard_images", planned.profile.shard_images}, {"plans", plans}};
}

std::string picture(const Planned& planned, const StepPlanOptions& options) {
  Chart share{.title = fmt::format("{}: speed as a share of linear scaling", planned.profile.model),
              .x_label = "processes",
              .percent = true,
              .doubling = true};
  for (size_t link = 0; link < options.bandwidths.size(); ++link) {
    Series& series = share.series.emplace_back(bandwidth_text(options.bandwidths[link]));
    for (const StepPlan& plan : planned.plans[link]) {
      series.x.push_back(plan.processes);
      series.y.push_back(efficiency(plan, planned.alone));
    }
  }
  return line_charts({share});
}

// Text such as 10Gbit becomes bytes per second.
CLI::Validator as_bandwidth() {
  using Number = CLI::AsNumberWithUnit;
  return Number(std::map<std::string, double>{{"kbit", 125}, {"Mbit", 125e3}, {"Gbit", 125e6}, {"MB", 1e6}, {"GB", 1e9}},
                static_cast<Number::Options>(Number::CASE_SENSITIVE | Number::UNIT_REQUIRED), "BANDWIDTH");
}

}  // namespace

void add_step_plan_options(CLI::App& app, StepPlanOptions& options) {
  app.add_option("--processes", options.processes,
                 "with --train: plans a step in so many processes, one or several numbers, from its measured kernels")
      ->delimiter(',')
      ->check(between(1, 1 << 20));
  app.add_option("--bandwidth", options.bandwidths,
                 "of each process's link, in each direction, such as 10Gbit or 1.2GB a second: one or several (10Gbit)")
      ->delimiter(',')
      ->transform(as_bandwidth())
      ->check(above_zero());
  app.add_option("--latency", options.latency, "of a message between two processes, such as 20us (20us)")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}},
                                        CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"));
  app.add_option("--shards", options.shards, "parts of the batch, a power of two (as a run chooses them)")
      ->check(between(1, 1 << 20));
  app.add_flag("--weak", options.weak, "the batch grows with the processes: each has a shard of --batch images");
  app.add_option("--images-per-second", options.images_per_second,
                 "of one process on its own: plans for faster or slower processors than this one")
      ->check(above_zero());
  app.add_option("--profile", options.profile, "a file of --write-profile, instead of a measurement");
  app.add_option("--write-profile", options.written_profile, "writes the time of each kernel of the step to a file");
  app.add_option("--picture", options.picture, "draws efficiency by processes to an .svg file");
  app.add_option("--seconds", options.seconds, "how long to measure (10)")->check(above_zero());
}

void print_step_plans(const CommonOptions& common, const TrainedModel& model, const StepForm& form,
                      const StepPlanOptions& options) {
  const StepProfile profile = profile_of(common, model, form, options);
  if (!options.written_profile.empty()) write_text(options.written_profile, to_json(profile));
  const Planned planned =
      plan_all(at_speed(profile, options.images_per_second), form.batch > 0 ? form.batch : model.recipe.batch, options);
  print_text(common, table(planned, options));
  if (!options.picture.empty()) write_text(options.picture, picture(planned, options));
  if (common.json) print_json(json_of(planned, options));
}

}  // namespace fovea
