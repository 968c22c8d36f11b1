// SPDX-License-Identifier: Apache-2.0
// libvulkan, loaded when a device is asked for first, and the functions of it that are used.
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include <memory>
#include <string>

namespace fovea {

#define FOVEA_VULKAN_INSTANCE_FUNCTIONS(f)                                                                          \
  f(CreateDevice) f(DestroyInstance) f(EnumeratePhysicalDevices) f(GetDeviceProcAddr) f(GetPhysicalDeviceFeatures2) \
      f(GetPhysicalDeviceMemoryProperties) f(GetPhysicalDeviceProperties) f(GetPhysicalDeviceQueueFamilyProperties) \
          f(EnumerateDeviceExtensionProperties)

#define FOVEA_VULKAN_DEVICE_FUNCTIONS(f)                                                                                     \
  f(AllocateCommandBuffers) f(AllocateDescriptorSets) f(AllocateMemory) f(BeginCommandBuffer) f(BindBufferMemory)            \
      f(CmdBindDescriptorSets) f(CmdBindPipeline) f(CmdCopyBuffer) f(CmdDispatch) f(CmdPipelineBarrier) f(CreateBuffer)      \
          f(CreateCommandPool) f(CreateComputePipelines) f(CreateDescriptorPool) f(CreateDescriptorSetLayout) f(CreateFence) \
              f(CreatePipelineCache) f(CreatePipelineLayout) f(CreateShaderModule) f(DestroyBuffer) f(DestroyCommandPool)    \
                  f(DestroyDescriptorPool) f(DestroyDescriptorSetLayout) f(DestroyDevice) f(DestroyFence) f(DestroyPipeline) \
                      f(DestroyPipelineCache) f(DestroyPipelineLayout) f(DestroyShaderModule) f(DeviceWaitIdle)              \
                          f(EndCommandBuffer) f(FreeMemory) f(GetBufferMemoryRequirements) f(GetDeviceQueue)                 \
                              f(GetPipelineCacheData) f(MapMemory) f(QueueSubmit) f(ResetFences) f(UpdateDescriptorSets)     \
                                  f(WaitForFences)

#define FOVEA_VULKAN_MEMBER(name) PFN_vk##name name = nullptr;

/// The functions of a logical device.
struct VulkanDeviceFunctions {
  FOVEA_VULKAN_DEVICE_FUNCTIONS(FOVEA_VULKAN_MEMBER)
};

/// A Vulkan instance, which lives until nobody uses it. Several threads may use it.
class VulkanInstance {
 public:
  /// The instance of this process; null where there is none, and then `reason` says what was looked for.
  static std::shared_ptr<VulkanInstance> get(std::string& reason);

  VulkanInstance(const VulkanInstance&) = delete;
  VulkanInstance& operator=(const VulkanInstance&) = delete;
  ~VulkanInstance();

  FOVEA_VULKAN_INSTANCE_FUNCTIONS(FOVEA_VULKAN_MEMBER)
  VkInstance handle = nullptr;

  /// Loads the functions of a device.
  VulkanDeviceFunctions functions_of(VkDevice device) const;

 private:
  VulkanInstance() = default;
  std::string open();

  void* library_ = nullptr;
};

#undef FOVEA_VULKAN_MEMBER

/// Throws an Error that names what failed and on which device, unless `result` is VK_SUCCESS: out of memory, a lost device, or
/// the driver's refusal.
void check_vulkan(VkResult result, const std::string& device, const std::string& what);

}  // namespace fovea
