// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a C program has to know to call a network that was compiled ahead of time.
#pragma once

#include <string>
#include <string_view>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/inference_model.h"

namespace fovea {

/// A valid C identifier from a name: "mnist-cnn" becomes "mnist_cnn". It has letters, digits and underscores and does not begin
/// with a digit. Refuses a name without any of them.
std::string c_identifier(std::string_view name);

/// The C header of `network.object`: shapes, types, scales and zero points of inputs and outputs, the size of the arena, and
/// the declaration of NAME_run. It is valid C99 and C++ and includes nothing.
std::string c_header(const DeployedNetwork& network, const InferenceModel& model);

}  // namespace fovea
