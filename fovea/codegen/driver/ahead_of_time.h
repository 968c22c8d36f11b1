// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network and its values as one object file for another machine. Includes no MLIR.
///
/// The object defines one C function,
///
///     int NAME_run(const void* const* inputs, void* const* outputs, void* arena);
///
/// which reads the inputs, runs the kernels in order on one thread, and writes the outputs. `arena` is all other memory that it
/// needs: tensors between kernels and the kernels' scratch memory, placed by the same plan as a Program's. It returns 0, or
/// returns 1 without doing anything when a pointer is null or the arena is not aligned. It allocates nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/graph/graph.h"

namespace fovea {

/// How a network is compiled for another machine.
struct AheadOfTimeOptions {
  std::string name;    ///< of the network in C: letters, digits and underscores
  std::string triple;  ///< LLVM's triple: "aarch64-linux-gnu", "armv7-linux-gnueabihf", "wasm32"
  std::string cpu;     ///< LLVM's name; empty: the baseline of the triple (fovea/codegen/target/target.cc)
  int threads = 0;     ///< threads that compile; 0: all available
};

/// The object and what a caller has to know about it.
struct DeployedNetwork {
  /// An input or output.
  struct Port {
    std::string name;  ///< as in the graph
    TensorType type;   ///< as in the graph
  };
  std::string name;           ///< in C
  std::string triple;         ///< LLVM's, in full
  std::string cpu;            ///< LLVM's name
  std::string object;         ///< ELF, or WebAssembly to be linked
  std::vector<Port> inputs;   ///< in the order of NAME_run's argument
  std::vector<Port> outputs;  ///< in the order of NAME_run's argument
  int64_t arena_bytes = 0;    ///< size of the arena, which must be aligned to arena_alignment
  int64_t weight_bytes = 0;   ///< read-only data of the object: parameters and constants
  int kernels = 0;            ///< number of distinct kernels
  /// Functions of the C library or the compiler's library that the object calls where the processor has no instruction; usually
  /// empty.
  std::vector<std::string> needs = {};
};

/// The alignment of the arena in bytes.
inline constexpr int64_t arena_alignment = 64;

/// Compiles the graph. `values` has the graph's arguments of role parameter and state, by name. Refuses unknown triples and
/// processors, with the nearest name, and a graph that changes its parameters; fails on a value that is missing or of another
/// type.
DeployedNetwork compile_ahead_of_time(const Graph& graph, const std::map<std::string, Tensor>& values,
                                      const AheadOfTimeOptions& options);

}  // namespace fovea
