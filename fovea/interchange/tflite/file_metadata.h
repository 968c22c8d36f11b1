// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite's own metadata of a network: the names of its classes, and how images become its input.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/interchange/tflite/file.h"

namespace fovea::tflite {

/// Sets the model's labels and, when its first input is normalized, mean and standard deviation. A file without metadata
/// changes nothing. Fails in one line on corrupt metadata.
void read_file_metadata(const File& file, InferenceModel& model);

}  // namespace fovea::tflite
