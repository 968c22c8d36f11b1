// SPDX-License-Identifier: Apache-2.0
/// \file
/// The charts of a run: loss and accuracy over the epochs, and the confusion matrix.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/inference/metrics.h"

namespace fovea {

/// The curves of the run in `folder` as SVG text: the loss of each step from steps.jsonl, or of each epoch for runs that have
/// no such file, and test loss and accuracies of each epoch from metrics.jsonl. Fails when a file cannot be read.
std::string training_curves(const std::filesystem::path& folder);

/// Writes curves.svg from the folder's metrics.jsonl, and confusion.svg from `evaluation`.
void write_report(const std::filesystem::path& folder, const std::string& model, const Metrics& evaluation,
                  const std::vector<std::string>& class_names);

}  // namespace fovea
