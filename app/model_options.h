// SPDX-License-Identifier: Apache-2.0
// Options of commands that take a network by name: which form of it.
#pragma once

#include <filesystem>
#include <string>

#include "app/command.h"
#include "fovea/models/registry.h"

namespace fovea {

// Adds --classes, --input (if `with_input`), --width, --convention, --dropout, --drop-connect and --zero-last-scale.
void add_model_options(CLI::App& app, ModelOptions& options, bool with_input = true);

// Adds --dynamic.
void add_dynamic_option(CLI::App& app, bool& dynamic);

// Prints a line on standard error when a network is given by name without weights, because its answers have no meaning.
void warn_if_untrained(const std::string& model, const std::filesystem::path& weights);

}  // namespace fovea
