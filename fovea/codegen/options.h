// SPDX-License-Identifier: Apache-2.0
/// \file
/// The options of the compiler. Includes no MLIR.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

/// How 3x3 convolutions of an inference program use Winograd's algorithm (fovea/codegen/tiling/winograd.h), which takes fewer
/// products, gives other last bits, and needs filters of 16/9 or 4 times the memory. `two` and `four` force tiles of that side
/// wherever possible, for tests and measurements.
enum class Winograd : uint8_t { never, where_faster, two, four };
/// The setting called "never", "auto", "2" or "4"; refuses others.
Winograd winograd_named(const std::string& text);
/// The name of a setting, as winograd_named() accepts it; valid as long as the program.
const std::string& name(Winograd when);

/// How a graph is compiled.
struct CompileOptions {
  /// Where the program runs: empty or "cpu", this processor; or a device by the name that open_device() takes
  /// (fovea/device/devices.h). Devices do without Winograd's algorithm.
  std::string device;
  std::string cpu;         ///< LLVM's name ("haswell", "znver4"); empty: Settings::cpu, else the processor this runs on
  int threads = 0;         ///< threads that compile; 0: all available
  bool inference = false;  ///< folds batch norm and constants, and hoists what depends on parameters alone
  Winograd winograd = Winograd::where_faster;  ///< of inference programs
  int64_t memory = 0;  ///< the most that ProgramMemory::bytes() may be; 0: any. Tensors are recomputed until they fit
  /// Makes `memory` a limit of the whole process: everything that is resident once the kernels are compiled counts, except
  /// `counted` bytes of arguments that are resident already, and also `reserved` bytes that will be.
  bool whole_process = false;
  int64_t counted = 0;   ///< see whole_process
  int64_t reserved = 0;  ///< see whole_process
  /// f32, or bf16: activations and products in bf16, sums, statistics, losses and parameters in f32 (the pass
  /// fovea-mixed-precision). bf16 is fast on processors that multiply it (AVX512_BF16), and correct but slow on others.
  DType dtype = DType::f32;
  /// Asked before each kernel is compiled, by several threads at once; true ends compile() with an Error of the code cancelled.
  /// Kernels that were compiled by then are in the cache. Kernels for devices do not ask.
  std::function<bool()> stop = {};
};

}  // namespace fovea
