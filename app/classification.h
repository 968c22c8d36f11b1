// SPDX-License-Identifier: Apache-2.0
// Options of commands that classify images.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "fovea/workflows/classify.h"

namespace fovea {

void add_picture_options(CLI::App& app, ImageInputOptions& options);
// Adds --resize, --interpolation, --mean and --deviation, and none of the other options.
void add_preprocessing_options(CLI::App& app, ImageInputOptions& options);

// Prints a line on standard error when a file takes real numbers, does not say how images become them, and no option does.
void warn_of_preprocessing(const ImageClassifier& classifier, const std::string& path, const ImageInputOptions& options);

}  // namespace fovea
