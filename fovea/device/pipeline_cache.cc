// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/pipeline_cache.h"

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/settings.h"
#include "fovea/device/vulkan_device.h"

namespace fovea {

std::string pipeline_cache_name(const VkPhysicalDeviceProperties& properties) {
  std::string name =
      fmt::format("vulkan-{:08x}-{:08x}-{:08x}-", properties.vendorID, properties.deviceID, properties.driverVersion);
  for (const uint8_t byte : properties.pipelineCacheUUID) name += fmt::format("{:02x}", byte);
  return name + ".pipelines";
}

PipelineCache::PipelineCache(VulkanDevice& device, const std::string& name) : device_(device) {
  std::string bytes;
  if (!settings().kernel_cache.empty()) {
    file_ = settings().kernel_cache / name;
    std::error_code error;
    try {
      if (std::filesystem::exists(file_, error)) bytes = read_text(file_);
    } catch (const Error&) {  // as if there were none
    }
  }
  read_bytes_ = bytes.size();
  VkPipelineCacheCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
  info.initialDataSize = bytes.size();
  info.pInitialData = bytes.data();
  device_.check(device_.vk.CreatePipelineCache(device_.handle, &info, nullptr, &cache_), "preparing the cache of pipelines");
}

PipelineCache::~PipelineCache() { device_.vk.DestroyPipelineCache(device_.handle, cache_, nullptr); }

void PipelineCache::store() const {
  if (file_.empty()) return;
  size_t bytes = 0;
  if (device_.vk.GetPipelineCacheData(device_.handle, cache_, &bytes, nullptr) != VK_SUCCESS || bytes <= read_bytes_) return;
  std::string data(bytes, '\0');
  if (device_.vk.GetPipelineCacheData(device_.handle, cache_, &bytes, data.data()) != VK_SUCCESS) return;
  try {
    write_text(file_, std::string_view(data).substr(0, bytes));
  } catch (const Error&) {
  }
}

}  // namespace fovea
