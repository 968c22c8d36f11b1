// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks for volumes: video clips (C3D: Tran et al. 2015, "Learning spatiotemporal features with 3D convolutional networks")
/// and occupancy grids (VoxNet: Maturana and Scherer 2015).
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of c3d.
struct C3dOptions {
  int64_t classes = 487;  ///< of Sports-1M
  double dropout = 0.5;   ///< rate after the dense layers
};
/// Eight 3x3x3 convolutions and two dense layers of 4096 units; the last pool rounds up. clip [batch, frames, height, width, 3]
/// -> logits [batch, classes].
Value c3d(Value clip, const C3dOptions& options);

/// The options of voxnet.
struct VoxNetOptions {
  int64_t classes = 40;  ///< of ModelNet40
};
/// grid [batch, 32, 32, 32, 1] of occupancies -> logits [batch, classes].
Value voxnet(Value grid, const VoxNetOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> volume_models();

}  // namespace fovea
