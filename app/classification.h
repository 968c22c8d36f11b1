// SPDX-License-Identifier: Apache-2.0
// A picture in, names and probabilities out.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "fovea/workflows/classify.h"

namespace fovea {

void add_picture_options(CLI::App& app, ImageInputOptions& options);
// Of these --resize, --interpolation, --mean and --deviation alone.
void add_preprocessing_options(CLI::App& app, ImageInputOptions& options);

// One line on standard error where a file takes real numbers, does not say how pictures become them, and no option does.
void warn_of_preprocessing(const ImageClassifier& classifier, const std::string& path, const ImageInputOptions& options);

}  // namespace fovea
