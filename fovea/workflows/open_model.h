// SPDX-License-Identifier: Apache-2.0
/// \file
/// Opens any model as an InferenceModel: a run's folder, a .tflite or .onnx file, or a built-in network by its name.
#pragma once

#include <filesystem>
#include <string>

#include "fovea/graph/file_summary.h"
#include "fovea/graph/inference_model.h"
#include "fovea/models/registry.h"

namespace fovea {

/// How a model is opened.
struct OpenOptions {
  std::filesystem::path weights;  ///< for a built-in network, a .safetensors file; empty: initial values from `seed`
  int64_t seed = 1;               ///< of initial values
  ModelOptions form;              ///< for a built-in network
  /// Images at a time. A file that was written for one other batch alone is opened with that one, unless `exact_batch` is set.
  /// 0 keeps the file's own batch, or takes 1 when that is open.
  int64_t batch = 1;
  bool exact_batch = false;  ///< whether another batch than `batch` is refused
  bool dynamic = false;  ///< for a .tflite file with 8-bit weights and real activations: LiteRT's dynamic form (tflite/read.h)
  Output output = Output::probabilities;  ///< of a run or a built-in network; a file keeps its own end
};

/// Whether the file contains a graph, by its extension.
bool is_model_file(const std::filesystem::path& model);

/// Opens `model`: a folder of a run, a file, or a name (see models()). The result owns its tensors.
///
/// Throws Error on options that do not apply to a file or a run, on a file that cannot be read, and on anything that is not a
/// model, with the nearest name. It may be called from several threads.
InferenceModel open_inference_model(const std::string& model, const OpenOptions& options);

/// The summary of such a file, including operators that are not supported. Fails on a corrupt file.
FileSummary summarize_model_file(const std::filesystem::path& model);

}  // namespace fovea
