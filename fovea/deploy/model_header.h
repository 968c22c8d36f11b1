// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the sources in fovea/deploy/program are told about a network, as macros on top of its own header, network.h.
#pragma once

#include <string>
#include <vector>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/image_model.h"

namespace fovea {

/// The name under which the network of a program is compiled; its header has this name, too.
inline constexpr const char* program_network = "network";

/// The text of model.h for a program that classifies images. `program` is the name in its messages.
std::string picture_model_header(const InferenceModel& model, const ImageModelForm& form, const std::string& program);
/// The text of model.c, which defines what model.h declares. `labels` has one name for each class.
std::string picture_model_source(const InferenceModel& model, const ImageModelForm& form,
                                 const std::vector<std::string>& labels);

/// The text of model.h for a WebAssembly module: buffers for all inputs and outputs, and its custom section.
std::string module_model_header(const DeployedNetwork& network, const InferenceModel& model);

/// A description in JSON: {"name", "inputs": [{"name", "shape", "type", "scale", "zero"}], "outputs": [...]} and the keys of
/// fovea/graph/model_metadata.h.
std::string description_text(const DeployedNetwork& network, const InferenceModel& model);

}  // namespace fovea
