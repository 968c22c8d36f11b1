// SPDX-License-Identifier: Apache-2.0
/// \file
/// What each kernel call of a network multiplies and moves, known without generating code. Includes no MLIR.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/codegen/options.h"
#include "fovea/core/tensor.h"
#include "fovea/graph/graph.h"

namespace fovea {

/// The work of one kernel call.
struct CallWork {
  std::string kernel;           ///< the kernel's symbol
  std::string layer;            ///< the layer that it came from
  double flops = 0;             ///< 2 x multiply-adds of its contractions; 0 for other work
  int64_t bytes_read = 0;       ///< of every tensor that it reads, each once
  int64_t bytes_written = 0;    ///< of what it writes
  DType products = DType::f32;  ///< bf16 where a contraction reads numbers of that type, else f32
};

/// The calls of a network for devices in execution order: those of the run, without those that compute hoisted tensors once.
std::vector<CallWork> work_of(const Graph& graph, const CompileOptions& options);

}  // namespace fovea
