// SPDX-License-Identifier: Apache-2.0
// A network as a program for a device, or as a module of WebAssembly.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/image_model.h"

namespace fovea {

// Refuses, before anything is compiled, a model or a machine that no program is made of, and fails where the compiler or the C
// library of `triple` is not installed: the message names Debian's package.
void check_program(const InferenceModel& model, const std::string& triple);

// A static program that names what is in pictures, as `fovea classify` does: weights, labels and preprocessing are inside.
// `network` was compiled under the name program_network (model_header.h); `labels`: one for each class.
void write_program(const std::filesystem::path& output, const DeployedNetwork& network, const InferenceModel& model,
                   const std::vector<std::string>& labels);

// A module with the exports memory, input(i), output(i) and run(), without imports (fovea/deploy/program/module.c).
void write_module(const std::filesystem::path& output, const DeployedNetwork& network, const InferenceModel& model);

}  // namespace fovea
