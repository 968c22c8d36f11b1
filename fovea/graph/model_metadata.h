// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a model file says about the use of its network: JSON text under the key "fovea" of the file's own metadata (.onnx:
/// metadata_props; .tflite: a metadata buffer of that name).
///
///     {"preprocessing": {"mean": [0.485, ...], "deviation": [0.229, ...], "resize": 256, "bicubic": false,
///                        "orientation": "exif"},
///      "labels": ["tench", ...],
///      "confidence": {"temperature": 1.31, "unknown_below": 0.83}}
///
/// Every key may be absent.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// The key in the file's metadata.
inline constexpr const char* metadata_key = "fovea";

/// The value of the key "confidence".
nlohmann::ordered_json confidence_json(const Confidence& confidence);
/// Reads the value of the key "confidence". Throws std::exception when it has another form, a temperature
/// outside [0.001, 1000], or a threshold outside [0, 1].
Confidence confidence_of(const nlohmann::json& json);

/// The model's preprocessing, labels and confidence as JSON.
std::string metadata_text(const InferenceModel& model);

/// Sets the model's preprocessing, labels and confidence to those in the text, and leaves what the text does not have. Fails on
/// text of another form, naming `file`.
void read_metadata(std::string_view text, std::string_view file, InferenceModel& model);

}  // namespace fovea
