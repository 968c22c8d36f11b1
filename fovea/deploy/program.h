// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network as a program for a device, or as a WebAssembly module.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/image_model.h"

namespace fovea {

/// Refuses, before anything is compiled, a model or a machine for which no program can be made. Fails where the compiler or the
/// C library of `triple` is not installed, naming Debian's package.
void check_program(const InferenceModel& model, const std::string& triple);

/// Writes a static program that classifies images as `fovea classify` does, with weights, labels and preprocessing inside.
/// `network` must have been compiled under the name program_network (model_header.h); `labels` has one name for each class.
/// Fails with the compiler's first error.
void write_program(const std::filesystem::path& output, const DeployedNetwork& network, const InferenceModel& model,
                   const std::vector<std::string>& labels);

/// Writes a WebAssembly module that has the exports memory, input(i), output(i) and run(), and no imports
/// (fovea/deploy/program/module.c).
void write_module(const std::filesystem::path& output, const DeployedNetwork& network, const InferenceModel& model);

}  // namespace fovea
