// SPDX-License-Identifier: Apache-2.0
/// \file
/// Compiles a network for a device in one call.
#pragma once

#include <filesystem>
#include <string>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/inference_model.h"

namespace fovea {

/// The device, and what messages say.
struct DeviceOptions {
  /// LLVM's triple: "aarch64-linux-gnu", "armv7-linux-gnueabihf", "riscv64-linux-gnu", "wasm32"; empty: machines like this one
  std::string target;
  std::string cpu;            ///< LLVM's name, "cortex-a76"; empty: the baseline of the target, whose code runs on all
  std::string labels_origin;  ///< where the model's labels come from, in messages; empty: its name
  int threads = 0;            ///< threads that compile; 0: all available; does not change the result
};

/// Compiles `model` and writes `output`, whose extension says what it is: NAME.o is an object that calls nothing, with its C
/// header NAME.h beside it; NAME.wasm is a WebAssembly module; any other name is a static program that classifies images.
/// Returns what was compiled. Throws Error on a target, processor or extension that does not fit, an operator that the target
/// cannot compute alone, or a file that cannot be written.
DeployedNetwork compile_for_device(const InferenceModel& model, const std::filesystem::path& output,
                                   const DeviceOptions& options);

}  // namespace fovea
