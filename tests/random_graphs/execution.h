// SPDX-License-Identifier: Apache-2.0
// Networks compiled and run in this process, in memory that hides no errors: results and the arena start as NaNs.
#pragma once

#include <map>
#include <string>

#include "fovea/codegen/driver/compile.h"
#include "fovea/graph/inference_model.h"
#include "tests/random_graphs/interpretation.h"

namespace fovea {

// Runs the network by Program. `values` do not change.
Arrays executed(const Graph& graph, const CompileOptions& options, const std::map<std::string, Tensor>& values);

// Runs the network as an object for this machine, as `fovea compile` writes it, linked into this process. Fails when it writes
// outside of its memory.
Arrays executed_ahead_of_time(const InferenceModel& model, const std::map<std::string, Tensor>& inputs, const std::string& cpu);

}  // namespace fovea
