// SPDX-License-Identifier: Apache-2.0
// Another's file as a run of ours, to be tested and trained on.
#pragma once

#include <filesystem>

#include "fovea/graph/inference_model.h"
#include "fovea/train/run.h"

namespace fovea {

/// The network of ours that the file's graph is, with the file's weights in it (dequantized where they are integers), its
/// labels, and a recipe with its preprocessing. `file` is named `origin` in messages. Throws Error where the graph is none of
/// models(), or gives other answers than ours does.
TrainedModel matched_model(const InferenceModel& file, const std::string& origin);

/// Writes a run's folder (see fovea/train/run.h) that starts from `model`. Throws Error on a folder that holds a run in
/// training, and on labels that are not one a class.
void write_run(const std::filesystem::path& folder, const TrainedModel& model);

}  // namespace fovea
