// SPDX-License-Identifier: Apache-2.0
/// \file
/// A compiled graph with tensors bound to its arguments and results by name.
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

/// Tensors by name. Copies of a Tensor share its storage, so a parameter bound to a training and an evaluation program is the
/// same one.
using TensorMap = std::map<std::string, Tensor>;

/// A program with its tensors. One thread at a time, which shares its work through a ThreadPool.
class Session {
 public:
  /// Compiles the graph and creates tensors for every argument and result; arguments that `tensors` names are bound to those.
  /// Fails when a tensor does not fit or the graph does not compile.
  Session(const Graph& graph, const TensorMap& tensors, const CompileOptions& options = {});

  /// The same with a program that is compiled already.
  Session(Program program, const TensorMap& tensors);

  /// Whether there is an argument of that name.
  bool has_argument(const std::string& name) const;
  /// Binds the argument to the storage of `tensor`. Fails on another shape or type, naming both.
  void bind(const std::string& name, const Tensor& tensor);
  /// The tensor of an argument, to read it or to fill an input; valid as long as this object. Filling a parameter through it
  /// needs values_changed().
  Tensor& argument(const std::string& name);
  /// Says that bound tensors have new values in place, so that the next run recomputes what depends on parameters alone.
  void values_changed() { program_.values_changed(); }
  /// Runs the initializer for the last time and drops the tensors that only it read: weights that are packed elsewhere by then.
  void release_weights(ThreadPool& threads);
  /// The tensor of a result that replaces no argument; valid as long as this object.
  const Tensor& result(const std::string& name) const;

  /// Makes the arguments that the program replaces stay on its device until read_back().
  void keep_on_device() { program_.keep_on_device(); }
  /// Copies the replaced arguments from the device to their tensors.
  void read_back() { program_.read_back(argument_pointers_); }

  /// Computes the results from the arguments.
  void run(ThreadPool& threads);
  /// Like run(), and calls `progress` after each kernel with the number of kernels that are done.
  void run(ThreadPool& threads, const Program::Progress& progress);
  /// Like run(), and returns the first kernel that wrote something that is not finite.
  std::optional<NotFinite> run_checked(ThreadPool& threads);
  /// Like run(), and adds the seconds of each kernel call to `seconds`, in the order of program().plan().calls.
  void profile(ThreadPool& threads, std::vector<double>& seconds);
  /// The part of such seconds that was spent in calls that were repeated to fit the memory.
  double repeated_seconds(const std::vector<double>& seconds) const;

  /// Bytes in use while it runs: the arena, the scratch memory of all threads, and every argument and result.
  int64_t memory_bytes(int threads) const;
  /// Frees the arena, the scratch memory and the hoisted tensors until the next run.
  void release() { program_.release(); }
  /// The index of the last kernel call that writes an argument; 0 where none does.
  size_t last_write(const std::string& argument) const;
  double flops() const;  ///< 2 x multiply-adds of the contractions of one run

  /// The compiled program; valid as long as this object.
  const Program& program() const { return program_; }
  /// What the compiler says about the program; valid as long as this object.
  const CompileReport& report() const { return report_; }

 private:
  void bind_all(const TensorMap& tensors);

  CompileReport report_;
  Program program_;
  std::map<std::string, size_t> argument_index_, result_index_;
  std::vector<Tensor> arguments_, results_;
  std::vector<Tensor*> argument_pointers_, result_pointers_;
};

/// One line about what fitting the memory costs, as planned; empty when nothing is recomputed.
std::string rematerialization_text(const ProgramMemory& memory);

/// The same as measured, from the seconds of the repeated calls and of all calls.
std::string rematerialization_text(double repeated, double all);

}  // namespace fovea
