// SPDX-License-Identifier: Apache-2.0
/// \file
/// Turns a model file of another program into a run, to be tested and trained further.
#pragma once

#include <filesystem>

#include "fovea/graph/inference_model.h"
#include "fovea/train/run.h"

namespace fovea {

/// The built-in network that the file's graph matches, with the file's weights (dequantized if they are integers), its labels,
/// and a recipe with its preprocessing. `origin` names `file` in messages. Throws Error when the graph is none of models(), or
/// gives other answers than the built-in network.
TrainedModel matched_model(const InferenceModel& file, const std::string& origin);

/// Writes a run's folder (see fovea/train/run.h) that starts from `model`. Throws Error on a folder with an unfinished run, and
/// on labels that are not one for each class.
void write_run(const std::filesystem::path& folder, const TrainedModel& model);

}  // namespace fovea
