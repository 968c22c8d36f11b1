// SPDX-License-Identifier: Apache-2.0
// What a model's file says of what stands around the network: JSON text under the key "fovea" of the file's own metadata
// (.onnx: metadata_props; .tflite: a metadata buffer of that name).
//
//     {"preprocessing": {"mean": [0.485, ...], "deviation": [0.229, ...], "resize": 256, "bicubic": false,
//                        "orientation": "exif"},
//      "labels": ["tench", ...],
//      "confidence": {"temperature": 1.31, "unknown_below": 0.83}}
//
// Every key may be absent.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// The key in the file's metadata.
inline constexpr const char* metadata_key = "fovea";

nlohmann::ordered_json confidence_json(const Confidence& confidence);
// The other way; throws std::exception on what is none.
Confidence confidence_of(const nlohmann::json& json);

/// The model's preprocessing and labels as JSON.
std::string metadata_text(const InferenceModel& model);

// Sets the model's preprocessing, labels and confidence. Fails, naming `file`, on text that is not of this form.
void read_metadata(std::string_view text, std::string_view file, InferenceModel& model);

}  // namespace fovea
