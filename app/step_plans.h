// SPDX-License-Identifier: Apache-2.0
// fovea summary MODEL --train --processes P: what a training step takes in several processes.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "fovea/train/run.h"

namespace fovea {

struct StepPlanOptions {
  std::vector<int> processes;                     // empty: nothing is planned
  std::vector<double> bandwidths = {1.25e9};      // bytes per second
  double latency = 20e-6;                         // seconds
  int64_t shards = 0;                             // 0: chosen as for a run
  double images_per_second = 0;                   // of one process; 0: as measured
  bool weak = false;                              // a shard of the batch for each process
  std::string profile, written_profile, picture;  // files; empty: none
  double seconds = 10;                            // of the measurement
};

void add_step_plan_options(CLI::App& app, StepPlanOptions& options);

// How a step is compiled, as fovea summary was asked.
struct StepForm {
  int64_t batch = 0;  // images; 0: the recipe's
  std::string dtype = "f32";
  int64_t memory = 0;  // that the step may take; 0: no limit
};

// Measures a step of the model, or reads its profile, and prints a plan for each number of processes and each bandwidth.
void print_step_plans(const CommonOptions& common, const TrainedModel& model, const StepForm& form,
                      const StepPlanOptions& options);

}  // namespace fovea
