// SPDX-License-Identifier: Apache-2.0
// A compiled graph with its tensors bound by name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fovea/codegen/driver/compile.h"
#include "fovea/core/tensor.h"
#include "fovea/graph/graph.h"
#include "fovea/runtime/program.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

// Tensors by name. Copies of a Tensor share its storage: a parameter bound to a training and to an evaluation program is one.
using TensorMap = std::map<std::string, Tensor>;

class Session {
 public:
  // Compiles, and makes tensors for every argument and result; arguments that `tensors` names are bound to those.
  Session(const Graph& graph, const TensorMap& tensors, const CompileOptions& options = {});

  Session(Program program, const TensorMap& tensors);

  bool has_argument(const std::string& name) const;
  // Binds the argument to the storage of `tensor`. Fails on another shape or type, naming both.
  void bind(const std::string& name, const Tensor& tensor);
  // To read or to fill an input. A parameter filled through it needs values_changed().
  Tensor& argument(const std::string& name);
  // Bound tensors have new values where they are; the next run prepares anew what depends on parameters alone.
  void values_changed() { program_.values_changed(); }
  // For good: prepares, and lets go of the tensors that only the initializer read, weights that lie packed elsewhere now.
  void release_weights(ThreadPool& threads);
  const Tensor& result(const std::string& name) const;  // one that replaces no argument

  void run(ThreadPool& threads);
  // The same, and finds the first kernel that wrote what is not finite.
  std::optional<NotFinite> run_checked(ThreadPool& threads);
  // The same, with the seconds of each kernel call added to `seconds` (program().plan().calls in order).
  void profile(ThreadPool& threads, std::vector<double>& seconds);
  // Of such seconds, those of calls that were repeated to fit the memory.
  double repeated_seconds(const std::vector<double>& seconds) const;

  // Bytes in use while it runs: the arena, the threads' scratch, and every argument and result.
  int64_t memory_bytes(int threads) const;
  // Gives back the arena, the scratch and what is hoisted, until the next run.
  void release() { program_.release(); }
  double flops() const;  // 2 x multiply-adds of the contractions of one run

  const Program& program() const { return program_; }
  const CompileReport& report() const { return report_; }

 private:
  void bind_all(const TensorMap& tensors);

  CompileReport report_;
  Program program_;
  std::map<std::string, size_t> argument_index_, result_index_;
  std::vector<Tensor> arguments_, results_;
  std::vector<Tensor*> argument_pointers_, result_pointers_;
};

// One line on what fitting the memory costs, as planned; empty when nothing is computed again.
std::string rematerialization_text(const ProgramMemory& memory);

// The same as measured: seconds of the repeated calls, and of all calls.
std::string rematerialization_text(double repeated, double all);

}  // namespace fovea
