// SPDX-License-Identifier: Apache-2.0
/// \file
/// What fovea writes into a model's file about the network's use: JSON text under the key "fovea" of the file's own metadata
/// (.onnx: metadata_props; .tflite: a metadata buffer of that name).
///
///     {"preprocessing": {"mean": [0.485, ...], "deviation": [0.229, ...], "resize": 256, "bicubic": false,
///                        "orientation": "exif"},
///      "labels": ["tench", ...]}
///
/// Every key may be absent.
#pragma once

#include <string>
#include <string_view>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// The key in the file's metadata.
inline constexpr const char* metadata_key = "fovea";

/// The model's preprocessing and labels as JSON.
std::string metadata_text(const InferenceModel& model);

/// Sets the model's preprocessing and labels. Fails, naming `file`, on text of another form.
void read_metadata(std::string_view text, std::string_view file, InferenceModel& model);

}  // namespace fovea
