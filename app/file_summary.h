// SPDX-License-Identifier: Apache-2.0
// fovea summary FILE: what a .tflite or .onnx file holds, and how fovea reads it.
#pragma once

#include <string>

#include "app/command.h"

namespace fovea {

// Fails, after it has said what the file holds, where the file cannot be read as a network.
void print_file_summary(const CommonOptions& common, const std::string& path);

}  // namespace fovea
