// SPDX-License-Identifier: Apache-2.0
// A Vulkan device: its queue, its limits, its pipelines, and memory on it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fovea/device/vulkan_library.h"
#include "fovea/runtime/device.h"

namespace fovea {

class VulkanDevice;

/// A buffer with memory of its own.
class VulkanBuffer {
 public:
  /// `shared` memory is visible to the processor, at data(). Fails when memory is short; `what` says for what.
  VulkanBuffer(VulkanDevice& device, int64_t bytes, bool shared, const std::string& what);
  VulkanBuffer(const VulkanBuffer&) = delete;
  VulkanBuffer& operator=(const VulkanBuffer&) = delete;
  ~VulkanBuffer();

  VkBuffer handle() const { return buffer_; }
  int64_t bytes() const { return bytes_; }
  std::byte* data() const { return data_; }

 private:
  void release();

  VulkanDevice& device_;
  int64_t bytes_;
  VkBuffer buffer_ = nullptr;
  VkDeviceMemory memory_ = nullptr;
  std::byte* data_ = nullptr;
};

/// A kernel that the driver has compiled.
struct VulkanPipeline {
  VkDescriptorSetLayout bindings = nullptr;
  VkPipelineLayout layout = nullptr;
  VkPipeline pipeline = nullptr;
};

class VulkanDevice : public Device {
 public:
  /// Opens a physical device. Fails when it has no queue for computing or refuses.
  VulkanDevice(std::shared_ptr<VulkanInstance> instance, VkPhysicalDevice physical);
  ~VulkanDevice() override;

  const std::string& name() const override { return name_; }
  std::unique_ptr<DeviceProgram> load(const ProgramPlan& plan) override;

  /// Compiles kernels on several threads, with the cache of compiled pipelines beside the kernel cache. Fails on a kernel that
  /// exceeds a limit or needs an ability that this device lacks.
  std::vector<VulkanPipeline> compile(const std::vector<DeviceKernel>& kernels);
  void destroy(const VulkanPipeline& pipeline);

  /// Submits a command buffer and waits, without using the processor, until it has run. One thread at a time per fence.
  void run(VkCommandBuffer commands, VkFence fence);

  void check(VkResult result, const std::string& what) const { check_vulkan(result, name_, what); }
  uint32_t memory_type(uint32_t allowed, VkMemoryPropertyFlags wanted, VkMemoryPropertyFlags preferred) const;

  VkDevice handle = nullptr;
  VulkanDeviceFunctions vk;
  VkPhysicalDeviceLimits limits{};
  uint32_t queue_family = 0;

 private:
  void choose_queue();
  void create();
  void check_kernel(const DeviceKernel& kernel) const;
  VulkanPipeline compile(const DeviceKernel& kernel, VkPipelineCache cache);

  std::shared_ptr<VulkanInstance> instance_;
  VkPhysicalDevice physical_;
  std::string name_;
  std::string cache_name_;  // of the file of compiled pipelines: device and driver
  DeviceFeatures features_;
  VkPhysicalDeviceMemoryProperties memory_{};
  VkQueue queue_ = nullptr;
  std::mutex queue_mutex_;
};

}  // namespace fovea
