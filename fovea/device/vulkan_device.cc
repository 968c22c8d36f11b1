// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/vulkan_device.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <thread>

#include "fovea/core/error.h"
#include "fovea/device/pipeline_cache.h"
#include "fovea/device/vulkan_program.h"
#include "fovea/runtime/program.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

VulkanBuffer::VulkanBuffer(VulkanDevice& device, int64_t bytes, bool shared, const std::string& what)
    : device_(device), bytes_(std::max<int64_t>(bytes, 4)) {
  const std::string told = fmt::format("{} takes {} bytes", what, bytes_);
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = static_cast<VkDeviceSize>(bytes_);
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  try {
    device.check(device.vk.CreateBuffer(device.handle, &info, nullptr, &buffer_), told);
    VkMemoryRequirements needs{};
    device.vk.GetBufferMemoryRequirements(device.handle, buffer_, &needs);
    VkMemoryAllocateInfo allocation{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    allocation.allocationSize = needs.size;
    allocation.memoryTypeIndex =
        shared ? device.memory_type(needs.memoryTypeBits,
                                    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                                    VK_MEMORY_PROPERTY_HOST_CACHED_BIT)
               : device.memory_type(needs.memoryTypeBits, 0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    device.check(device.vk.AllocateMemory(device.handle, &allocation, nullptr, &memory_), told);
    device.check(device.vk.BindBufferMemory(device.handle, buffer_, memory_, 0), told);
    void* data = nullptr;
    if (shared) device.check(device.vk.MapMemory(device.handle, memory_, 0, VK_WHOLE_SIZE, 0, &data), told);
    data_ = static_cast<std::byte*>(data);
  } catch (...) {
    release();
    throw;
  }
}

VulkanBuffer::~VulkanBuffer() { release(); }

void VulkanBuffer::release() {
  device_.vk.DestroyBuffer(device_.handle, buffer_, nullptr);
  device_.vk.FreeMemory(device_.handle, memory_, nullptr);
}

VulkanDevice::VulkanDevice(std::shared_ptr<VulkanInstance> instance, VkPhysicalDevice physical)
    : instance_(std::move(instance)), physical_(physical) {
  VkPhysicalDeviceProperties properties{};
  instance_->GetPhysicalDeviceProperties(physical_, &properties);
  name_ = static_cast<const char*>(properties.deviceName);
  limits = properties.limits;
  cache_name_ = pipeline_cache_name(properties);
  instance_->GetPhysicalDeviceMemoryProperties(physical_, &memory_);
  choose_queue();
  create();
}

VulkanDevice::~VulkanDevice() {
  if (handle != nullptr) vk.DestroyDevice(handle, nullptr);
}

void VulkanDevice::choose_queue() {
  uint32_t count = 0;
  instance_->GetPhysicalDeviceQueueFamilyProperties(physical_, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  instance_->GetPhysicalDeviceQueueFamilyProperties(physical_, &count, families.data());
  const auto found =
      std::ranges::find_if(families, [](const auto& family) { return (family.queueFlags & VK_QUEUE_COMPUTE_BIT) != 0; });
  if (found == families.end()) fail(ErrorCode::unavailable, "{} has no queue for computing", name_);
  queue_family = static_cast<uint32_t>(found - families.begin());
}

void VulkanDevice::create() {
  uint32_t count = 0;
  instance_->EnumerateDeviceExtensionProperties(physical_, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> known(count);
  instance_->EnumerateDeviceExtensionProperties(physical_, nullptr, &count, known.data());
  const auto has = [&](const char* extension) {
    return std::ranges::any_of(
        known, [&](const auto& each) { return std::strcmp(static_cast<const char*>(each.extensionName), extension) == 0; });
  };
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDevice16BitStorageFeatures short_storage{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES};
  VkPhysicalDevice8BitStorageFeatures byte_storage{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES};
  VkPhysicalDeviceShaderFloat16Int8Features byte_arithmetic{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES};
  features.pNext = &short_storage;
  std::vector<const char*> extensions;
  if (has(VK_KHR_8BIT_STORAGE_EXTENSION_NAME)) {
    extensions.push_back(VK_KHR_8BIT_STORAGE_EXTENSION_NAME);
    byte_storage.pNext = short_storage.pNext;
    short_storage.pNext = &byte_storage;
  }
  if (has(VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME)) {
    extensions.push_back(VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME);
    byte_arithmetic.pNext = short_storage.pNext;
    short_storage.pNext = &byte_arithmetic;
  }
  instance_->GetPhysicalDeviceFeatures2(physical_, &features);
  features_ = {.long_integers = features.features.shaderInt64 != 0,
               .short_integers = features.features.shaderInt16 != 0,
               .bytes = byte_arithmetic.shaderInt8 != 0,
               .stored_bytes = byte_storage.storageBuffer8BitAccess != 0,
               .stored_short_integers = short_storage.storageBuffer16BitAccess != 0};
  // Only what kernels may need is turned on.
  VkPhysicalDeviceFeatures wanted{};
  wanted.shaderInt64 = features.features.shaderInt64;
  wanted.shaderInt16 = features.features.shaderInt16;
  features.features = wanted;
  const float priority = 1;
  VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueFamilyIndex = queue_family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
  info.pNext = &features;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  check(instance_->CreateDevice(physical_, &info, nullptr, &handle), "opening it");
  vk = instance_->functions_of(handle);
  vk.GetDeviceQueue(handle, queue_family, 0, &queue_);
}

uint32_t VulkanDevice::memory_type(uint32_t allowed, VkMemoryPropertyFlags wanted, VkMemoryPropertyFlags preferred) const {
  for (const VkMemoryPropertyFlags flags : {wanted | preferred, wanted}) {
    for (uint32_t type = 0; type < memory_.memoryTypeCount; ++type)
      if ((allowed >> type & 1) != 0 && (memory_.memoryTypes[type].propertyFlags & flags) == flags) return type;
  }
  fail(ErrorCode::unavailable, "{} has no memory of the kind that is needed", name_);
}

void VulkanDevice::check_kernel(const DeviceKernel& kernel) const {
  const auto limit = [&](const char* what, int64_t needed, int64_t allowed) {
    if (needed > allowed)
      fail(ErrorCode::resource_exhausted, "kernel \"{}\" needs {} {}; {} allows {}", kernel.name, needed, what, name_, allowed);
  };
  limit("invocations in a workgroup", kernel.invocations,
        std::min(limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize[0]));
  limit("bytes of workgroup memory", kernel.workgroup_bytes, limits.maxComputeSharedMemorySize);
  for (size_t i = 0; i < 2; ++i) limit("workgroups", kernel.workgroups[i], limits.maxComputeWorkGroupCount[i]);
  limit("buffers", static_cast<int64_t>(kernel.operand_bytes.size()) + 1,
        std::min(limits.maxPerStageDescriptorStorageBuffers, limits.maxDescriptorSetStorageBuffers));
  for (const int64_t bytes : kernel.operand_bytes)
    limit("bytes in one buffer", bytes + static_cast<int64_t>(limits.minStorageBufferOffsetAlignment),
          limits.maxStorageBufferRange);
  const auto ability = [&](const char* what, bool needed, bool has) {
    if (needed && !has)
      fail(ErrorCode::unavailable, "kernel \"{}\" needs {}, which {} does not have", kernel.name, what, name_);
  };
  ability("64-bit integers", kernel.needs.long_integers, features_.long_integers);
  ability("16-bit integers", kernel.needs.short_integers, features_.short_integers);
  ability("8-bit integers", kernel.needs.bytes, features_.bytes);
  ability("buffers of 8-bit numbers", kernel.needs.stored_bytes, features_.stored_bytes);
  ability("buffers of 16-bit numbers", kernel.needs.stored_short_integers, features_.stored_short_integers);
}

VulkanPipeline VulkanDevice::compile(const DeviceKernel& kernel, VkPipelineCache cache) {
  check_kernel(kernel);
  const std::string told = fmt::format("compiling kernel \"{}\"", kernel.name);
  VulkanPipeline made;
  VkShaderModule shader = nullptr;
  try {
    std::vector<VkDescriptorSetLayoutBinding> bindings;
    for (uint32_t i = 0; i <= kernel.operand_bytes.size(); ++i)
      bindings.push_back({i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr});
    VkDescriptorSetLayoutCreateInfo set{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
    set.bindingCount = static_cast<uint32_t>(bindings.size());
    set.pBindings = bindings.data();
    check(vk.CreateDescriptorSetLayout(handle, &set, nullptr, &made.bindings), told);
    VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    layout.setLayoutCount = 1;
    layout.pSetLayouts = &made.bindings;
    check(vk.CreatePipelineLayout(handle, &layout, nullptr, &made.layout), told);
    VkShaderModuleCreateInfo code{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
    code.codeSize = kernel.code.size() * sizeof(uint32_t);
    code.pCode = kernel.code.data();
    check(vk.CreateShaderModule(handle, &code, nullptr, &shader), told);
    VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
    info.stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO};
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = shader;
    info.stage.pName = kernel.entry.c_str();
    info.layout = made.layout;
    check(vk.CreateComputePipelines(handle, cache, 1, &info, nullptr, &made.pipeline), told);
  } catch (...) {
    vk.DestroyShaderModule(handle, shader, nullptr);
    destroy(made);
    throw;
  }
  vk.DestroyShaderModule(handle, shader, nullptr);
  return made;
}

std::vector<VulkanPipeline> VulkanDevice::compile(const std::vector<DeviceKernel>& kernels) {
  std::vector<VulkanPipeline> pipelines(kernels.size());
  const PipelineCache cache(*this, cache_name_);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr problem;
  const auto take = [&] {
    for (size_t i = next++; i < kernels.size(); i = next++) {
      try {
        pipelines[i] = compile(kernels[i], cache.handle());
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!problem) problem = std::current_exception();
        next = kernels.size();
      }
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < std::min(static_cast<size_t>(ThreadPool::available()), kernels.size()); ++i)
    helpers.emplace_back(take);
  take();
  for (std::thread& helper : helpers) helper.join();
  if (problem) {
    for (const VulkanPipeline& pipeline : pipelines) destroy(pipeline);
    std::rethrow_exception(problem);
  }
  cache.store();
  return pipelines;
}

void VulkanDevice::destroy(const VulkanPipeline& pipeline) {
  vk.DestroyPipeline(handle, pipeline.pipeline, nullptr);
  vk.DestroyPipelineLayout(handle, pipeline.layout, nullptr);
  vk.DestroyDescriptorSetLayout(handle, pipeline.bindings, nullptr);
}

void VulkanDevice::run(VkCommandBuffer commands, VkFence fence) {
  VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO};
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &commands;
  {
    const std::lock_guard<std::mutex> lock(queue_mutex_);
    check(vk.QueueSubmit(queue_, 1, &submit, fence), "starting a run");
  }
  check(vk.WaitForFences(handle, 1, &fence, VK_TRUE, UINT64_MAX), "running a network");
  check(vk.ResetFences(handle, 1, &fence), "running a network");
}

std::unique_ptr<DeviceProgram> VulkanDevice::load(const ProgramPlan& plan) {
  return std::make_unique<VulkanProgram>(*this, plan);
}

}  // namespace fovea
