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

/// The memory that a program takes while it runs, known before that.
struct ProgramMemory {
  int64_t tensors = 0;             ///< arguments, results and constants
  int64_t arena = 0;               ///< tensors between kernels
  int64_t scratch = 0;             ///< of all threads
  int64_t unlimited = 0;           ///< the arena if nothing were recomputed
  int64_t process = 0;             ///< what else the process takes, with CompileOptions::whole_process
  int repeated = 0;                ///< repeated kernel calls
  double multiply_adds = 0;        ///< of the calls without the repeated ones; known when some are repeated
  double extra_multiply_adds = 0;  ///< of the repeated calls, as a share of multiply_adds
  double extra_work = 0;           ///< the same including memory traffic, which is roughly the additional time

  /// The total that CompileOptions::memory limits.
  int64_t bytes() const { return tensors + arena + scratch + process; }
};

/// What compiling took and gave.
struct CompileReport {
  double seconds = 0;    ///< time
  int kernels = 0;       ///< number of distinct kernels
  int from_cache = 0;    ///< how many of these came from the cache
  ProgramMemory memory;  ///< memory of the program
};

/// Compiles the graph; the cache of kernels is Settings::kernel_cache. Refuses a graph that takes more than options.memory even
/// with recomputation, and says the least that it takes. Fails when an operator cannot be compiled. May be called from several
/// threads.
Program compile(const Graph& graph, const CompileOptions& options = {}, CompileReport* report = nullptr);

/// The memory of the same program without generating code.
ProgramMemory memory_of(const Graph& graph, const CompileOptions& options = {});

/// The text of one stage of the lowering pipeline: graph, gradient, linalg, kernels, tiles, vectors, llvm, assembly. `kernel`
/// selects one kernel by name in the stages after `kernels`; empty prints all. With options.device the stages after `kernels`
/// are gpu and spirv for "vulkan", gpu, nvvm and ptx for "cuda", and gpu, rocdl and amdgcn for "hip", with a chip's name
/// such as "sm_90" or "gfx90a" as options.cpu; no device is needed. With `triple` (LLVM's), the target is any
/// machine that LLVM knows, with the processor options.cpu; without it, a processor whose instructions this one has. Refuses
/// unknown stages, kernels and processors, with the nearest name.
std::string lower(const Graph& graph, const std::string& stage, const std::string& kernel, const CompileOptions& options = {},
                  const std::string& triple = "");

}  // namespace fovea
