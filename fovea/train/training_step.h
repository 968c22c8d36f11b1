// SPDX-License-Identifier: Apache-2.0
/// \file
/// One training step by a recipe: one program, or two that take the batch in parts.
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

/// The optimizer that the recipe describes, with its groups. The learning rate of group NAME is the graph's input rate.NAME.
Optimizer optimizer_of(const Recipe& recipe);

/// A compiled training step. One thread at a time, which shares its work through a ThreadPool.
class TrainingStep {
 public:
  /// Records the graphs. `class_weights` are those of the loss, one for each class; empty: all are 1. Refuses what
  /// trace_training() refuses.
  TrainingStep(const Network& network, const Recipe& recipe, const std::vector<double>& class_weights = {});

  /// The tensors that persist between steps: parameters, running statistics, averages, and the optimizer's state. Valid as long
  /// as this object.
  const std::vector<ParameterSpec>& tensors() const { return tensors_; }
  /// Images that there have to be at a time.
  int64_t batch() const { return recipe_.batch / recipe_.accumulate; }

  /// Compiles the graphs on the storage of `tensors`, which has all of the above by name; they must be resident when
  /// CompileOptions::whole_process is set.
  void compile(const TensorMap& tensors, const CompileOptions& options);

  /// Sets the teacher, which a recipe that names one needs before run() is called. It must live as long as this object.
  void learn_from(Teacher& teacher) { teacher_ = &teacher; }

  /// The outcome of one step.
  struct Result {
    double loss_sum = 0;                  ///< over the images
    int64_t correct = 0;                  ///< images with the right answer
    int64_t images = 0;                   ///< images of the step
    std::vector<CorruptSample> damaged;   ///< images that were replaced by others
    double seconds = 0;                   ///< of all kernels, when they are timed
    double repeated_seconds = 0;          ///< of the kernels that are repeated to fit the memory
    std::optional<NotFinite> not_finite;  ///< the first one, when it was searched for
  };
  /// What is measured in addition, with the same result: the time of every kernel, or whether all that it writes is finite.
  enum class Mode : uint8_t { plain, timed, checked };
  /// Step `step` of the run, on as many batches as it has parts.
  Result run(BatchSource& batches, int64_t step, int64_t steps_per_epoch, ThreadPool& threads, Mode mode = Mode::plain);

  /// Bytes in use while a step runs.
  int64_t memory_bytes(int threads) const;
  /// What the compiler says about the programs, summed.
  CompileReport report() const;
  /// Frees the memory of a step until the next one.
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
