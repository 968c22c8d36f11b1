// SPDX-License-Identifier: Apache-2.0
// What a C program has to know to call a network compiled ahead of time.
#pragma once

#include <string>
#include <string_view>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/inference_model.h"

namespace fovea {

// "mnist-cnn" -> "mnist_cnn": letters, digits and underscores, not a digit first. Refuses a name without any of them.
std::string c_identifier(std::string_view name);

// The header of `network.object`: shapes, types, scales and zero points of inputs and outputs, the arena's size, NAME_run.
// Valid C99 and C++; includes nothing.
std::string c_header(const DeployedNetwork& network, const InferenceModel& model);

}  // namespace fovea
