// SPDX-License-Identifier: Apache-2.0
// Computes while reading what a file computes from shapes and constants. Internal to fovea/interchange/onnx.
#pragma once

#include "fovea/interchange/onnx/importer.h"

namespace fovea {

// Computes a node whose inputs are all known, or of which only the shape matters. Returns false when the node belongs into the
// graph.
bool fold_constant(Importer& importer, const OnnxNode& node);

}  // namespace fovea
