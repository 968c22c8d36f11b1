// SPDX-License-Identifier: Apache-2.0
// What a file computes from shapes and constants, computed while reading. Internal to fovea/interchange/onnx.
#pragma once

#include "fovea/interchange/onnx/importer.h"

namespace fovea {

// Computes a node whose inputs are all known (or of which only the shape matters); false where it is for the graph.
bool fold_constant(Importer& importer, const OnnxNode& node);

}  // namespace fovea
