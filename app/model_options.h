// SPDX-License-Identifier: Apache-2.0
// Options of commands that take a network by name: which form of it.
#pragma once

#include <filesystem>
#include <string>

#include "app/command.h"
#include "fovea/models/registry.h"

namespace fovea {

// --classes, --input (if `with_input`), --width, --convention, --dropout, --drop-connect, --zero-last-scale.
void add_model_options(CLI::App& app, ModelOptions& options, bool with_input = true);

// --dynamic.
void add_dynamic_option(CLI::App& app, bool& dynamic);

// One line on standard error where a network is named by its name and no weights are: its answers mean nothing.
void warn_if_untrained(const std::string& model, const std::filesystem::path& weights);

}  // namespace fovea
