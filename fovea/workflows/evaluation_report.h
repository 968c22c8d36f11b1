// SPDX-License-Identifier: Apache-2.0
// An evaluation as one page for a browser: what the network does on each class, where it is wrong and where it looked.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/graph/inference_model.h"
#include "fovea/inference/predictions.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

/// A network and its answers to a data set.
struct EvaluatedModel {
  std::string title;                       ///< "runs/cats on images:cats"
  std::filesystem::path run;               ///< the folder whose curves are shown; empty: none are
  const InferenceModel* model = nullptr;   ///< for heat maps and the noise of integers: at a batch of 1
  std::shared_ptr<const Dataset> dataset;  ///< whose images were answered, in this order
  std::vector<std::string> classes;        ///< of the data set
  std::vector<int64_t> places;             ///< which of the network's classes each of them is; empty: in this order
  const Predictions* predictions = nullptr;
  Confidence confidence;  ///< at which probabilities are told
};

struct EvaluationReportOptions {
  int64_t pictures = 24;      ///< of each contact sheet
  int64_t noise_images = 50;  ///< over which the noise of integers is measured
};

/// Writes FOLDER/index.html, which needs nothing beside it: figures, curves of training, each class, confusion, reliability,
/// the surest mistakes and the least sure answers with heat maps (fovea/inference/heat_maps.h), and of a network of integers
/// the noise of its layers. What a network cannot give, e.g. heat maps without a gradient, is told in its place. Returns the
/// file's path. Throws Error where it cannot be written.
std::filesystem::path write_evaluation_report(const std::filesystem::path& folder, const EvaluatedModel& evaluated,
                                              const EvaluationReportOptions& options, ThreadPool& threads, Progress& progress);

}  // namespace fovea
