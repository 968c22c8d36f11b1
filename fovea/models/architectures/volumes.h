// SPDX-License-Identifier: Apache-2.0
// Networks of volumes: video clips (C3D: Tran et al. 2015, "Learning spatiotemporal features with 3D convolutional networks")
// and occupancy grids (VoxNet: Maturana and Scherer 2015).
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

// clip [batch, frames, height, width, 3]; eight 3x3x3 convolutions and two dense layers of 4096. The last pool rounds up.
struct C3dOptions {
  int64_t classes = 487;  // Sports-1M
  double dropout = 0.5;
};
Value c3d(Value clip, const C3dOptions& options);

// grid [batch, 32, 32, 32, 1] of occupancies; classes of ModelNet40.
struct VoxNetOptions {
  int64_t classes = 40;
};
Value voxnet(Value grid, const VoxNetOptions& options);

std::vector<ModelEntry> volume_models();

}  // namespace fovea
