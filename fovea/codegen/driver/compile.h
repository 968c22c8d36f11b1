// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a Graph to a Program in this process: differentiation, folding, fusion into kernels, memory planning, and LLVM.
/// Includes no MLIR.
#pragma once

#include <string>

#include "fovea/codegen/options.h"
#include "fovea/graph/graph.h"
#include "fovea/runtime/program.h"

namespace fovea {

/// What a program takes while it runs, known before it does.
struct ProgramMemory {
  int64_t tensors = 0;             ///< arguments, results and constants
  int64_t arena = 0;               ///< what is between them
  int64_t scratch = 0;             ///< of all threads
  int64_t unlimited = 0;           ///< the arena if nothing were computed again
  int64_t process = 0;             ///< what else the process takes, where that counts
  int repeated = 0;                ///< calls of kernels
  double multiply_adds = 0;        ///< of the calls that are not computed again; known where some are
  double extra_multiply_adds = 0;  ///< of those that are, as a share of these
  double extra_work = 0;           ///< the same with the memory's traffic counted in: about the time

  /// The total that CompileOptions::memory limits.
  int64_t bytes() const { return tensors + arena + scratch + process; }
};

/// What compiling took and gave.
struct CompileReport {
  double seconds = 0;
  int kernels = 0;     ///< distinct
  int from_cache = 0;  ///< of them
  ProgramMemory memory;
};

/// Refuses (exit status 2) a graph that takes more than options.memory whatever is computed again, with the least that it
/// takes.
Program compile(const Graph& graph, const CompileOptions& options = {}, CompileReport* report = nullptr);

/// The same plan without the code.
ProgramMemory memory_of(const Graph& graph, const CompileOptions& options = {});

/// The text of one stage of the road: graph, gradient, linalg, kernels, tiles, vectors, llvm, assembly. `kernel` picks one
/// kernel by name from the stages after `kernels`; empty prints all. With `triple`, LLVM's, it is for any machine that LLVM
/// knows, `options.cpu` its processor; without, for one whose instructions this one has. Refuses unknown stages, kernels and
/// processors with the nearest name.
std::string lower(const Graph& graph, const std::string& stage, const std::string& kernel, const CompileOptions& options = {},
                  const std::string& triple = "");

}  // namespace fovea
