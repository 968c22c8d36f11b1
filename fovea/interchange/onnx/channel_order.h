// SPDX-License-Identifier: Apache-2.0
// Which order the dimensions of a file's input have: the reader's rule, which the writer keeps to, so that what is written and
// read again has the inputs it had.
#pragma once

#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// Whether the input is [batch, channels, spatial...] to the reader.
bool reads_channels_first(const OnnxFile& file, const OnnxPort& port);

}  // namespace fovea
