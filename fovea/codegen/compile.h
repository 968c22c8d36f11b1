// Graph in, Program out: differentiate, fold, fuse into kernels, plan memory, and LLVM, in process. Includes no MLIR.
#pragma once

#include <string>

#include "fovea/dialect/graph.h"
#include "fovea/runtime/program.h"

namespace fovea {

struct CompileOptions {
  std::string cpu;         // LLVM's name ("haswell", "znver4"); empty: FOVEA_CPU, else the processor this runs on
  int threads = 0;         // that compile side by side; 0: all available
  bool inference = false;  // fold batch norm and constants
};

struct CompileReport {
  double seconds = 0;
  int kernels = 0;     // distinct
  int from_cache = 0;  // of them
};

Program compile(const Graph& graph, const CompileOptions& options = {}, CompileReport* report = nullptr);

// The text of one stage of the road: graph, gradient, kernels, tiles, vectors, llvm, assembly. `kernel` picks one kernel by
// name from the stages after `kernels`; empty prints all. Refuses unknown stages and kernels with the nearest name.
std::string lower(const Graph& graph, const std::string& stage, const std::string& kernel, const CompileOptions& options = {});

}  // namespace fovea
