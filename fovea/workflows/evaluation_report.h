// SPDX-License-Identifier: Apache-2.0
/// \file
/// Writes an evaluation as one page for a browser: results for each class, mistakes, and where in the images the network
/// looked.
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
  std::string title;                         ///< of the page, such as "runs/cats on images:cats"
  std::filesystem::path run;                 ///< the folder of the run whose curves are shown; empty: none are
  const InferenceModel* model = nullptr;     ///< for heat maps and quantization noise, with batch 1; not owned, not null
  std::shared_ptr<const Dataset> dataset;    ///< the images that were answered, in this order
  std::vector<std::string> classes;          ///< names of the data set's classes
  std::vector<int64_t> places;               ///< for each of them, its number in the network; empty: in the same order
  const Predictions* predictions = nullptr;  ///< the answers, one for each image of `dataset`; not owned, not null
  Confidence confidence;                     ///< the temperature and threshold that are applied to the answers
};

/// The options of write_evaluation_report().
struct EvaluationReportOptions {
  int64_t pictures = 24;      ///< images on each sheet of mistakes and of uncertain answers
  int64_t noise_images = 50;  ///< images on which quantization noise is measured
};

/// Writes FOLDER/index.html, which refers to no other file, and returns its path. The page has the overall figures, the curves
/// of training, a table of the classes, the confusion matrix, a reliability diagram, and the most certain mistakes and the
/// least certain answers with their heat maps (fovea/inference/heat_maps.h). For an integer network, it also has the
/// quantization noise of each layer. If a part is not possible for a network, such as heat maps without a gradient, the page
/// says so in its place. Fails when the file cannot be written.
std::filesystem::path write_evaluation_report(const std::filesystem::path& folder, const EvaluatedModel& evaluated,
                                              const EvaluationReportOptions& options, ThreadPool& threads, Progress& progress);

}  // namespace fovea
