// SPDX-License-Identifier: Apache-2.0
// Options of commands that take a network by name: which form of it.
#pragma once

#include "app/command.h"
#include "fovea/models/registry.h"

namespace fovea {

// --classes, --input (if `with_input`), --width, --convention, --dropout, --drop-connect, --zero-last-scale.
void add_model_options(CLI::App& app, ModelOptions& options, bool with_input = true);

}  // namespace fovea
