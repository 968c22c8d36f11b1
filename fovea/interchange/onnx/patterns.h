// SPDX-License-Identifier: Apache-2.0
// What exporters spell out in several nodes, read as the one operator it is. Internal to fovea/interchange/onnx.
#pragma once

#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// Replaces, where nothing else reads what is in between: x * Sigmoid(x) by fovea.Swish, x * HardSigmoid(x) by HardSwish, and
// x * (1 + Erf(x / sqrt 2)) / 2 by Gelu. Then removes nodes that no result depends on.
void simplify(OnnxFile& file);

}  // namespace fovea
