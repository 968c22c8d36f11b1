// SPDX-License-Identifier: Apache-2.0
// fovea summary FILE: the content of a .tflite or .onnx file, and how fovea reads it.
#pragma once

#include <string>

#include "app/command.h"

namespace fovea {

// Prints the summary. Fails afterwards when the file cannot be read as a network.
void print_file_summary(const CommonOptions& common, const std::string& path);

}  // namespace fovea
