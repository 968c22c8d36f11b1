// SPDX-License-Identifier: Apache-2.0
// One step of training, as a recipe has it: one program, or two that take the batch in parts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/data/loader.h"
#include "fovea/inference/session.h"
#include "fovea/nn/trace.h"
#include "fovea/runtime/thread_pool.h"
#include "fovea/train/recipe.h"
#include "fovea/train/teacher.h"

namespace fovea {

// The optimizer that the recipe describes, with its groups; the rate of group NAME is the graph's input rate.NAME.
Optimizer optimizer_of(const Recipe& recipe);

class TrainingStep {
 public:
  // `class_weights`: of the loss, one a class; empty: 1 each.
  TrainingStep(const Network& network, const Recipe& recipe, const std::vector<double>& class_weights = {});

  // What lives from step to step: parameters, running statistics, averages, what the optimizer keeps.
  const std::vector<ParameterSpec>& tensors() const { return tensors_; }
  // Images that there have to be at a time.
  int64_t batch() const { return recipe_.batch / recipe_.accumulate; }

  // Compiles, on the storage of `tensors`: all of the above by name, resident where the whole process counts.
  void compile(const TensorMap& tensors, const CompileOptions& options);

  // Whose answers the step learns from, where the recipe names a teacher. Outlives the step.
  void learn_from(Teacher& teacher) { teacher_ = &teacher; }

  struct Result {
    double loss_sum = 0;  // over the images
    int64_t correct = 0;
    int64_t images = 0;
    std::vector<CorruptSample> damaged;   // photographs for which another stood in
    double seconds = 0;                   // of all kernels, where they are timed
    double repeated_seconds = 0;          // of those that run again to fit the memory
    std::optional<NotFinite> not_finite;  // where that was looked for: the first
  };
  // What is done beside the work, for the same result: every kernel timed, or all that it writes looked at.
  enum class Mode : uint8_t { plain, timed, checked };
  // Step `step` of the run, on as many batches as it has parts.
  Result run(BatchSource& batches, int64_t step, int64_t steps_per_epoch, ThreadPool& threads, Mode mode = Mode::plain);

  int64_t memory_bytes(int threads) const;
  CompileReport report() const;
  // Gives back what a step takes, until the next one.
  void release();

 private:
  void run_part(const Batch& batch, int64_t part, ThreadPool& threads, Mode mode, Result& result);
  void set(const std::string& argument, double value);

  Recipe recipe_;
  Teacher* teacher_ = nullptr;
  std::vector<Graph> graphs_;  // until they are compiled; the last one updates the parameters
  std::vector<std::unique_ptr<Session>> programs_;
  std::vector<ParameterSpec> tensors_;
  TensorMap accumulated_;
};

}  // namespace fovea
