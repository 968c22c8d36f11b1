// SPDX-License-Identifier: Apache-2.0
/// \file
/// The charts of a run: loss and accuracy over the epochs, and the confusion matrix.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/inference/metrics.h"

namespace fovea {

// The curves as SVG text: the loss of steps, from steps.jsonl, and what the folder's metrics.jsonl has of epochs.
std::string training_curves(const std::filesystem::path& folder);

/// Writes curves.svg from the folder's metrics.jsonl, and confusion.svg from `evaluation`.
void write_report(const std::filesystem::path& folder, const std::string& model, const Metrics& evaluation,
                  const std::vector<std::string>& class_names);

}  // namespace fovea
