// SPDX-License-Identifier: Apache-2.0
/// \file
/// The options of the compiler. Includes no MLIR.
#pragma once

#include <cstdint>
#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

/// 3x3 convolutions of an inference program by Winograd's algorithm (fovea/codegen/tiling/winograd.h): fewer products, other
/// last bits, and filters that take 16/9 or 4 times the memory. `two` and `four` are its tiles' sides, wherever they can be;
/// for tests and to measure.
enum class Winograd : uint8_t { never, where_faster, two, four };
/// "never", "auto", "2", "4"; refuses others.
Winograd winograd_named(const std::string& text);
const std::string& name(Winograd when);

/// How a graph is compiled.
struct CompileOptions {
  std::string cpu;         ///< LLVM's name ("haswell", "znver4"); empty: Settings::cpu, else the processor this runs on
  int threads = 0;         ///< that compile side by side; 0: all available
  bool inference = false;  ///< fold batch norm and constants
  Winograd winograd = Winograd::where_faster;
  int64_t memory = 0;  ///< bytes that ProgramMemory::bytes() may be; 0: any. Tensors are computed again until they fit
  /// With it, `memory` is of the whole process: what is resident once the kernels are compiled counts, but for `counted` bytes
  /// of arguments that are resident already, and `reserved` bytes that will be.
  bool whole_process = false;
  int64_t counted = 0, reserved = 0;
  /// f32, or bf16: activations and products in bf16, sums, statistics, losses and parameters in f32 (the pass
  /// fovea-mixed-precision). Fast where the processor multiplies bf16 (AVX512_BF16), right and slow elsewhere.
  DType dtype = DType::f32;
};

}  // namespace fovea
