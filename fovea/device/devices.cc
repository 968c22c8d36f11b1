// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/devices.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "fovea/core/error.h"
#include "fovea/device/vulkan_device.h"

namespace fovea {

namespace {

std::vector<VkPhysicalDevice> physical_devices(VulkanInstance& instance) {
  uint32_t count = 0;
  instance.EnumeratePhysicalDevices(instance.handle, &count, nullptr);
  std::vector<VkPhysicalDevice> devices(count);
  instance.EnumeratePhysicalDevices(instance.handle, &count, devices.data());
  devices.resize(count);
  std::erase_if(devices, [&](VkPhysicalDevice device) {
    VkPhysicalDeviceProperties properties{};
    instance.GetPhysicalDeviceProperties(device, &properties);
    return properties.apiVersion < VK_API_VERSION_1_1;
  });
  // Faster kinds come first; devices of one kind stay in the driver's order.
  std::ranges::stable_sort(devices, {}, [&](VkPhysicalDevice device) {
    VkPhysicalDeviceProperties properties{};
    instance.GetPhysicalDeviceProperties(device, &properties);
    switch (properties.deviceType) {
      case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 0;
      case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 1;
      case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
      default:
        return 3;
    }
  });
  return devices;
}

const char* kind_of(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return "discrete GPU";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return "integrated GPU";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return "virtual GPU";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return "processor as a GPU";
    default:
      return "other";
  }
}

DeviceEntry entry_of(VulkanInstance& instance, VkPhysicalDevice device, size_t number) {
  VkPhysicalDeviceProperties properties{};
  instance.GetPhysicalDeviceProperties(device, &properties);
  VkPhysicalDeviceMemoryProperties memory{};
  instance.GetPhysicalDeviceMemoryProperties(device, &memory);
  DeviceEntry entry{.name = fmt::format("vulkan:{}", number),
                    .description = static_cast<const char*>(properties.deviceName),
                    .kind = kind_of(properties.deviceType)};
  for (uint32_t heap = 0; heap < memory.memoryHeapCount; ++heap)
    if ((memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0)
      entry.memory_bytes += static_cast<int64_t>(memory.memoryHeaps[heap].size);
  entry.driver = fmt::format("Vulkan {}.{}.{}, driver {:#x}", VK_API_VERSION_MAJOR(properties.apiVersion),
                             VK_API_VERSION_MINOR(properties.apiVersion), VK_API_VERSION_PATCH(properties.apiVersion),
                             properties.driverVersion);
  return entry;
}

// The number in "vulkan:1"; 0 for "vulkan" and "gpu". Refuses other names.
size_t number_in(const std::string& name) {
  if (name == "vulkan" || name == "gpu") return 0;
  size_t number = 0;
  const std::string prefix = "vulkan:";
  const char* end = name.data() + name.size();
  if (name.starts_with(prefix) && name.size() > prefix.size()) {
    const auto [rest, problem] = std::from_chars(name.data() + prefix.size(), end, number);
    if (problem == std::errc() && rest == end) return number;
  }
  const std::vector<std::string> known = {"cpu", "gpu", "vulkan", "vulkan:0"};
  refuse_unknown("device", name, known);
}

}  // namespace

std::vector<DeviceEntry> list_devices() {
  std::vector<DeviceEntry> entries{{.name = "cpu", .description = "this processor", .kind = "processor"}};
  std::string reason;
  const std::shared_ptr<VulkanInstance> instance = VulkanInstance::get(reason);
  if (!instance) return entries;
  for (VkPhysicalDevice device : physical_devices(*instance))
    entries.push_back(entry_of(*instance, device, entries.size() - 1));
  return entries;
}

std::shared_ptr<Device> open_device(const std::string& name) {
  if (name.empty() || name == "cpu") return nullptr;
  const size_t number = number_in(name);
  static std::mutex mutex;
  static std::map<size_t, std::weak_ptr<Device>> open;
  const std::lock_guard<std::mutex> lock(mutex);
  if (auto device = open[number].lock()) return device;
  std::string reason;
  std::shared_ptr<VulkanInstance> instance = VulkanInstance::get(reason);
  if (!instance) fail(ErrorCode::not_found, "there is no device \"{}\": {}", name, reason);
  const std::vector<VkPhysicalDevice> devices = physical_devices(*instance);
  if (number >= devices.size())
    fail(ErrorCode::not_found, "there is no device \"{}\": Vulkan's drivers report {} with Vulkan 1.1 or later", name,
         devices.empty() ? "none" : fmt::format("{}", devices.size()));
  auto device = std::make_shared<VulkanDevice>(std::move(instance), devices[number]);
  open[number] = device;
  return device;
}

}  // namespace fovea
