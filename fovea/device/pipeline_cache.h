// SPDX-License-Identifier: Apache-2.0
// The driver's compiled pipelines on disk, a file for each device and driver beside the kernel cache.
#pragma once

#include <filesystem>
#include <string>

#include "fovea/device/vulkan_library.h"

namespace fovea {

class VulkanDevice;

/// The name of the file for a device with its driver.
std::string pipeline_cache_name(const VkPhysicalDeviceProperties& properties);

/// What the driver compiled earlier, and now. The driver rejects data that is damaged or another driver's. Without
/// Settings::kernel_cache it lives in memory alone.
class PipelineCache {
 public:
  PipelineCache(VulkanDevice& device, const std::string& name);
  PipelineCache(const PipelineCache&) = delete;
  PipelineCache& operator=(const PipelineCache&) = delete;
  ~PipelineCache();

  VkPipelineCache handle() const { return cache_; }
  /// Writes it, atomically, if it has grown. A failure to write is ignored: the driver compiles again next time.
  void store() const;

 private:
  VulkanDevice& device_;
  std::filesystem::path file_;
  size_t read_bytes_ = 0;
  VkPipelineCache cache_ = nullptr;
};

}  // namespace fovea
