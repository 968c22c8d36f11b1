// SPDX-License-Identifier: Apache-2.0
// What the sources in fovea/deploy/program are told about a network: macros over its own header, network.h.
#pragma once

#include <string>
#include <vector>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/graph/image_model.h"

namespace fovea {

// The name that such a network is compiled under, and of its header.
inline constexpr const char* program_network = "network";

// model.h of a program that names pictures. `program` is what it calls itself.
std::string picture_model_header(const InferenceModel& model, const ImageModelForm& form, const std::string& program);
// model.c: what model.h declares. `labels`: one for each class.
std::string picture_model_source(const InferenceModel& model, const ImageModelForm& form,
                                 const std::vector<std::string>& labels);

// model.h of a module of WebAssembly: buffers for any inputs and outputs, and its custom section.
std::string module_model_header(const DeployedNetwork& network, const InferenceModel& model);

// JSON: {"name", "inputs": [{"name", "shape", "type", "scale", "zero"}], "outputs": [...]} and the keys of
// fovea/graph/model_metadata.h.
std::string description_text(const DeployedNetwork& network, const InferenceModel& model);

}  // namespace fovea
