// SPDX-License-Identifier: Apache-2.0
// Networks compiled and run in this process, with memory that hides nothing: results start as NaN, and so does what the arena
// holds.
#pragma once

#include <map>
#include <string>

#include "fovea/codegen/driver/compile.h"
#include "fovea/graph/inference_model.h"
#include "tests/random_graphs/interpretation.h"

namespace fovea {

// By Program. `values` stay as they are.
Arrays executed(const Graph& graph, const CompileOptions& options, const std::map<std::string, Tensor>& values);

// By an object for this machine, as `fovea compile` writes it, linked into this process. Fails where it writes past the memory
// it was given.
Arrays executed_ahead_of_time(const InferenceModel& model, const std::map<std::string, Tensor>& inputs, const std::string& cpu);

}  // namespace fovea
