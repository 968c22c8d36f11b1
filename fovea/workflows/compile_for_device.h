// SPDX-License-Identifier: Apache-2.0
// A network as code for a device, as one call.
#pragma once

#include <filesystem>
#include <string>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/inference_model.h"

namespace fovea {

struct DeviceOptions {
  /// LLVM's triple: "aarch64-linux-gnu", "armv7-linux-gnueabihf", "riscv64-linux-gnu", "wasm32"; empty: machines like this one
  std::string target;
  std::string cpu;            ///< LLVM's name, "cortex-a76"; empty: the least of its kind, whose code runs on all
  std::string labels_origin;  ///< what messages call the place that the model's labels come from; empty: its name
  int threads = 0;            ///< that compile; 0: all there are. Does not change the result
};

/// Writes `output`, whose ending says what: NAME.o an object that calls nothing, with NAME.h beside it, its C header; NAME.wasm
/// a module of WebAssembly; any other a static program that names pictures. Returns what was compiled. Throws Error: a target,
/// processor or ending that does not fit, an operator the target cannot do alone, or a file that cannot be written.
DeployedNetwork compile_for_device(const InferenceModel& model, const std::filesystem::path& output,
                                   const DeviceOptions& options);

}  // namespace fovea
