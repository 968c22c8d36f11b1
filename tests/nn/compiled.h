// SPDX-License-Identifier: Apache-2.0
// A traced graph, compiled, with a tensor for every argument and result by name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/codegen/driver/compile.h"
#include "fovea/nn/trace.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

class Compiled {
 public:
  explicit Compiled(const Graph& graph, const CompileOptions& options = {}) : program_(compile(graph, options, &report)) {
    for (const ProgramPort& port : program_.plan().arguments) tensors[port.name] = Tensor(port.shape, port.dtype);
    for (size_t i = 0; i < program_.plan().results.size(); ++i) {
      const ProgramPort& port = program_.plan().results[i];
      if (program_.plan().result_replaces[i] < 0) outputs[port.name] = Tensor(port.shape, port.dtype);
    }
  }
  explicit Compiled(const Traced& traced, uint64_t seed = 1, const CompileOptions& options = {})
      : Compiled(traced.graph, options) {
    const std::map<std::string, Tensor> start = initial_tensors(traced, seed);
    for (const auto& [name, tensor] : start) tensors.at(name) = tensor;
  }

  void run(int threads = 2) {
    ThreadPool pool(threads);
    std::vector<Tensor*> arguments, results;
    for (const ProgramPort& port : program_.plan().arguments) arguments.push_back(&tensors.at(port.name));
    for (size_t i = 0; i < program_.plan().results.size(); ++i) {
      if (program_.plan().result_replaces[i] < 0) results.push_back(&outputs.at(program_.plan().results[i].name));
    }
    program_.run(arguments, results, pool);
  }

  const ProgramPlan& plan() const { return program_.plan(); }

  CompileReport report;
  std::map<std::string, Tensor> tensors;  // arguments
  std::map<std::string, Tensor> outputs;

 private:
  Program program_;
};

}  // namespace fovea
