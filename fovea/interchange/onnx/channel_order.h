// SPDX-License-Identifier: Apache-2.0
// The order of the dimensions of a file's input, by the reader's rule. The writer keeps to it, so that what is written and read
// again has the same inputs.
// read again has the inputs it had.
#pragma once

#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// Whether the reader takes the input for [batch, channels, spatial...].
bool reads_channels_first(const OnnxFile& file, const OnnxPort& port);

}  // namespace fovea
