// SPDX-License-Identifier: Apache-2.0
// Reads several nodes that exporters write for one operator as that operator. Internal to fovea/interchange/onnx.
#pragma once

#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// Replaces x * Sigmoid(x) by fovea.Swish, x * HardSigmoid(x) by HardSwish, and x * (1 + Erf(x / sqrt 2)) / 2 by Gelu, if
// nothing else reads the values in between. Then removes nodes that no result depends on.
void simplify(OnnxFile& file);

}  // namespace fovea
