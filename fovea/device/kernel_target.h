// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the compiler has to know of a device.
#pragma once

#include <string>

#include "fovea/runtime/device.h"

namespace fovea {

/// What the kernels of an opened device are compiled for, by the compiler's name: "vulkan", "vulkan-128" where workgroups have
/// less than 256 invocations, or NVIDIA's chip such as "sm_80".
std::string kernel_target(const Device& device);

}  // namespace fovea
