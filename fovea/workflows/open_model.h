// SPDX-License-Identifier: Apache-2.0
// Any model there is, as the one form that everything here works on: a run's folder, a .tflite or .onnx file, a network by its
// name.
#pragma once

#include <filesystem>
#include <string>

#include "fovea/graph/file_summary.h"
#include "fovea/graph/inference_model.h"
#include "fovea/models/registry.h"

namespace fovea {

struct OpenOptions {
  std::filesystem::path weights;  // of a network by its name: a .safetensors file; empty: initial values by `seed`
  int64_t seed = 1;
  ModelOptions form;  // of a network by its name
  // Images at a time. A file that was written for another batch alone is opened for its own, unless it is to be this one; 0:
  // its own, of one that leaves it open 1.
  int64_t batch = 1;
  bool exact_batch = false;
  bool dynamic = false;  // of a .tflite file with 8-bit weights beside real activations: LiteRT's dynamic form (tflite/read.h)
  Output output = Output::probabilities;  // of a run or a network by its name; a file ends as it ends
};

// Is it a file that holds a graph? By the ending of its name.
bool is_model_file(const std::filesystem::path& model);

/// Opens `model`: a folder of a run, a file, or a name (see models()). The result owns its tensors.
///
/// Throws Error: options that a file or a run has no use for, a file that cannot be read (with its place), and what is no
/// model, with the nearest name. Safe to call from several threads.
InferenceModel open_inference_model(const std::string& model, const OpenOptions& options);

// What such a file holds, operators that are not read included.
FileSummary summarize_model_file(const std::filesystem::path& model);

}  // namespace fovea
