// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/vulkan_library.h"

#include <dlfcn.h>

#include <mutex>

#include "fovea/core/error.h"

namespace fovea {

namespace {

constexpr const char* library_name = "libvulkan.so.1";

}  // namespace

std::shared_ptr<VulkanInstance> VulkanInstance::get(std::string& reason) {
  static std::mutex mutex;
  static std::weak_ptr<VulkanInstance> current;
  const std::lock_guard<std::mutex> lock(mutex);
  if (auto instance = current.lock()) return instance;
  std::shared_ptr<VulkanInstance> instance(new VulkanInstance);
  reason = instance->open();
  if (!reason.empty()) return nullptr;
  current = instance;
  return instance;
}

// Returns what is missing; empty when all is there.
std::string VulkanInstance::open() {
  library_ = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) return fmt::format("{} is not installed", library_name);
  const auto get = reinterpret_cast<PFN_vkGetInstanceProcAddr>(::dlsym(library_, "vkGetInstanceProcAddr"));
  if (get == nullptr) return fmt::format("{} is not Vulkan's loader", library_name);
  const auto create = reinterpret_cast<PFN_vkCreateInstance>(get(nullptr, "vkCreateInstance"));
  VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.pApplicationName = application.pEngineName = "fovea";
  application.apiVersion = VK_API_VERSION_1_1;
  VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &application;
  if (create == nullptr || create(&info, nullptr, &handle) != VK_SUCCESS)
    return fmt::format("{} finds no driver for Vulkan 1.1", library_name);
#define FOVEA_LOAD(name) name = reinterpret_cast<PFN_vk##name>(get(handle, "vk" #name));
  FOVEA_VULKAN_INSTANCE_FUNCTIONS(FOVEA_LOAD)
#undef FOVEA_LOAD
  return "";
}

// The loader and the drivers stay in memory, because some of them cannot be unloaded.
VulkanInstance::~VulkanInstance() {
  if (handle != nullptr) DestroyInstance(handle, nullptr);
}

VulkanDeviceFunctions VulkanInstance::functions_of(VkDevice device) const {
  VulkanDeviceFunctions functions;
#define FOVEA_LOAD(name) functions.name = reinterpret_cast<PFN_vk##name>(GetDeviceProcAddr(device, "vk" #name));
  FOVEA_VULKAN_DEVICE_FUNCTIONS(FOVEA_LOAD)
#undef FOVEA_LOAD
  return functions;
}

void check_vulkan(VkResult result, const std::string& device, const std::string& what) {
  switch (result) {
    case VK_SUCCESS:
      return;
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
      fail(ErrorCode::resource_exhausted, "{} is out of memory: {}; a smaller batch takes less", device, what);
    case VK_ERROR_DEVICE_LOST:
      fail(ErrorCode::unavailable, "{} was lost: {}; its driver has reset it or it was removed", device, what);
    default:
      fail(ErrorCode::unavailable, "{} refuses: {} (VkResult {})", device, what, static_cast<int>(result));
  }
}

}  // namespace fovea
