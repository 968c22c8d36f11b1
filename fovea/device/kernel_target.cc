// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/kernel_target.h"

#include "fovea/device/cuda_device.h"
#include "fovea/device/vulkan_device.h"

namespace fovea {

std::string kernel_target(const Device& device) {
  if (const auto* cuda = dynamic_cast<const CudaDevice*>(&device)) return cuda->chip();
  const auto* vulkan = dynamic_cast<const VulkanDevice*>(&device);
  return vulkan != nullptr && vulkan->limits.maxComputeWorkGroupInvocations < 256 ? "vulkan-128" : "vulkan";
}

}  // namespace fovea
