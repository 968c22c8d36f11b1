// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/target/gpu_target.h"

namespace fovea {

GpuTarget GpuTarget::vulkan() { return {.name = "vulkan"}; }

}  // namespace fovea
