// SPDX-License-Identifier: Apache-2.0
/// \file
/// One training step by a recipe: one program, or two that take the batch in parts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fovea/collective/step_plan.h"
#include "fovea/data/loader.h"
#include "fovea/inference/session.h"
#include "fovea/nn/trace.h"
#include "fovea/runtime/thread_pool.h"
#include "fovea/train/recipe.h"
#include "fovea/train/shard_exchange.h"
#include "fovea/train/teacher.h"

namespace fovea {

/// The parts in which a step computes its batch: shards, and within each the parts that are accumulated.
inline int64_t parts_of(const Recipe& recipe) { return std::max<int64_t>(1, recipe.shards) * recipe.accumulate; }

/// The optimizer that the recipe describes, with its groups. The learning rate of group NAME is the graph's input rate.NAME.
Optimizer optimizer_of(const Recipe& recipe);

/// A compiled training step. One thread at a time, which shares its work through a ThreadPool.
class TrainingStep {
 public:
  /// Records the graphs. `class_weights` are those of the loss, one for each class; empty: all are 1. `processes` share the
  /// shards of the recipe and must outlive the object; all of them run the same steps. Refuses what trace_training() refuses,
  /// and more processes than shards.
  TrainingStep(const Network& network, const Recipe& recipe, Communicator& processes,
               const std::vector<double>& class_weights = {});

  /// The tensors that persist between steps: parameters, running statistics, averages, and the optimizer's state. Valid as long
  /// as this object.
  const std::vector<ParameterSpec>& tensors() const { return tensors_; }
  /// Images that there have to be at a time.
  int64_t batch() const { return recipe_.batch / parts_of(recipe_); }
  /// Of the batches of batch() images, those that this process computes.
  BatchShare share() const;

  /// Compiles the graphs on the storage of `tensors`, which has all of the above by name; they must be resident when
  /// CompileOptions::whole_process is set.
  void compile(const TensorMap& tensors, const CompileOptions& options);

  /// Sets the teacher, which a recipe that names one needs before run() is called. It must live as long as this object.
  void learn_from(Teacher& teacher) { teacher_ = &teacher; }

  /// Takes the learning rates from `recipe`, which differs from that of the step in its schedule alone.
  void schedule_by(const Recipe& recipe) { recipe_ = recipe; }

  /// The outcome of one step.
  using Result = StepResult;
  /// What is measured in addition, with the same result: the time of every kernel, or whether all that it writes is finite.
  enum class Mode : uint8_t { plain, timed, checked };
  /// Step `step` of the run, on as many batches as its share has, which `batches` must be restricted to.
  Result run(BatchSource& batches, int64_t step, int64_t steps_per_epoch, ThreadPool& threads, Mode mode = Mode::plain);

  /// The seconds of a step of several shards, without those that processes take to exchange sums.
  struct Times {
    std::vector<double> kernels;  ///< of each call of the program that computes gradients, the mean over its runs
    double packing = 0;           ///< of a shard: setting gradients to zero and adding them
    double updating = 0;          ///< of storing the sums and of the optimizer
  };
  /// Takes the time of a step on the inputs as they are.
  Times time(ThreadPool& threads);
  /// Fills the inputs with random numbers, and labels below `classes`.
  void fill_inputs(int64_t classes);
  /// The profile of a step of several shards (fovea/collective/step_plan.h), whose times are 0.
  StepProfile untimed_profile(int threads) const;

  /// Bytes in use while a step runs.
  int64_t memory_bytes(int threads) const;
  /// What the compiler says about the programs, summed.
  CompileReport report() const;
  /// Copies the tensors from the device, if the step runs on one, where they stay between steps.
  void read_back();
  /// Says that the tensors have other values than the last step left.
  void values_changed();
  /// Frees the memory of a step until the next one.
  void release();

 private:
  void make_exchange(const TensorMap& tensors);
  void run_part(const Batch& batch, int64_t part, ThreadPool& threads, Mode mode, Result& result,
                const Program::Progress& progress = {});
  bool exchanges_early(Mode mode) const;
  std::vector<StepProfile::Gradient> summed_tensors() const;
  void run_shards(BatchSource& batches, int64_t step, ThreadPool& threads, Mode mode, Result& result);
  void set(const std::string& argument, double value);

  Recipe recipe_;
  Teacher* teacher_ = nullptr;
  std::vector<Graph> graphs_;  // until they are compiled; the last one updates the parameters
  std::vector<std::unique_ptr<Session>> programs_;
  std::vector<ParameterSpec> tensors_;
  std::vector<std::string> kept_;  // names of the tensors that the first of two programs updates
  TensorMap accumulated_;
  Communicator& processes_;
  std::unique_ptr<ShardExchange> exchange_;  // where there are several shards
};

}  // namespace fovea
