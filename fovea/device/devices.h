// SPDX-License-Identifier: Apache-2.0
/// \file
/// The accelerators of this machine by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fovea/runtime/device.h"

namespace fovea {

/// A device as it is listed.
struct DeviceEntry {
  std::string name;          ///< as open_device() takes it: "cpu", "cuda:0", "vulkan:0"
  std::string description;   ///< the name that the driver gives it
  std::string kind;          ///< "processor", "discrete GPU", "integrated GPU", "virtual GPU", "processor as a GPU"
  int64_t memory_bytes = 0;  ///< its own memory; 0 for the processor
  std::string driver;        ///< the version of Vulkan or CUDA, and the driver's; empty for the processor
};

/// All devices, the processor first.
std::vector<DeviceEntry> list_devices();

/// The device called "cuda:NUMBER" or "vulkan:NUMBER", or the first one for "cuda" and "vulkan"; for "gpu" the first one of
/// NVIDIA's driver, or else of Vulkan. Null for "cpu" and "", the processor. Refuses other names, and says what was looked for
/// when there is no such device. One device is opened once at a time, however often it is asked for.
std::shared_ptr<Device> open_device(const std::string& name);

}  // namespace fovea
