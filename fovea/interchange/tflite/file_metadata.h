// SPDX-License-Identifier: Apache-2.0
// What TensorFlow Lite's own metadata says of a network: names of its classes, and how pictures become its input.
#pragma once

#include "fovea/graph/inference_model.h"
#include "fovea/interchange/tflite/file.h"

namespace fovea::tflite {

// Sets the model's labels and, where its first input is normalized, mean and deviation; a file without metadata changes
// nothing. Fails in one line on damaged metadata.
void read_file_metadata(const File& file, InferenceModel& model);

}  // namespace fovea::tflite
