// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/devices.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <mutex>

#include "fovea/core/error.h"
#include "fovea/device/cuda_device.h"
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

DeviceEntry entry_of(const CudaDriver& driver, int number) {
  int device = 0, version = 0, major = 0, minor = 0, integrated = 0;
  size_t bytes = 0;
  std::array<char, 256> name{};
  driver.DeviceGet(&device, number);
  driver.DeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device);
  driver.DeviceTotalMem(&bytes, device);
  driver.DriverGetVersion(&version);
  driver.DeviceGetAttribute(&major, cuda_attribute::major, device);
  driver.DeviceGetAttribute(&minor, cuda_attribute::minor, device);
  driver.DeviceGetAttribute(&integrated, cuda_attribute::integrated, device);
  return {.name = fmt::format("cuda:{}", number),
          .description = name.data(),
          .kind = integrated != 0 ? "integrated GPU" : "discrete GPU",
          .memory_bytes = static_cast<int64_t>(bytes),
          .driver = fmt::format("CUDA {}.{}, compute capability {}.{}", version / 1000, version % 1000 / 10, major, minor)};
}

// A device's name in parts: "vulkan:1" is number 1 of the kind "vulkan".
struct DeviceName {
  std::string kind;
  size_t number = 0;
};

// Refuses names that no device can have.
DeviceName read_name(const std::string& name) {
  if (name == "gpu") return {name};
  for (const std::string kind : {"cuda", "vulkan"}) {
    if (name == kind) return {kind};
    if (!name.starts_with(kind + ":")) continue;
    DeviceName read{kind};
    const char* end = name.data() + name.size();
    const auto [rest, problem] = std::from_chars(name.data() + kind.size() + 1, end, read.number);
    if (problem == std::errc() && rest == end && rest != name.data() + kind.size() + 1) return read;
  }
  const std::vector<std::string> known = {"cpu", "gpu", "cuda", "cuda:0", "vulkan", "vulkan:0"};
  refuse_unknown("device", name, known);
}

std::shared_ptr<Device> open_cuda(const std::string& name, size_t number) {
  std::string reason;
  std::shared_ptr<CudaDriver> driver = CudaDriver::get(reason);
  if (!driver) fail(ErrorCode::not_found, "there is no device \"{}\": {}", name, reason);
  const int count = driver->devices();
  if (number >= static_cast<size_t>(count))
    fail(ErrorCode::not_found, "there is no device \"{}\": NVIDIA's driver reports {}", name,
         count == 0 ? "none" : fmt::format("{}", count));
  return std::make_shared<CudaDevice>(std::move(driver), static_cast<int>(number));
}

std::shared_ptr<Device> open_vulkan(const std::string& name, size_t number) {
  std::string reason;
  std::shared_ptr<VulkanInstance> instance = VulkanInstance::get(reason);
  if (!instance) fail(ErrorCode::not_found, "there is no device \"{}\": {}", name, reason);
  const std::vector<VkPhysicalDevice> devices = physical_devices(*instance);
  if (number >= devices.size())
    fail(ErrorCode::not_found, "there is no device \"{}\": Vulkan's drivers report {} with Vulkan 1.1 or later", name,
         devices.empty() ? "none" : fmt::format("{}", devices.size()));
  return std::make_shared<VulkanDevice>(std::move(instance), devices[number]);
}

// NVIDIA's driver where it has a device, else Vulkan.
std::string first_kind() {
  std::string reason;
  const std::shared_ptr<CudaDriver> driver = CudaDriver::get(reason);
  return driver && driver->devices() > 0 ? "cuda" : "vulkan";
}

}  // namespace

std::vector<DeviceEntry> list_devices() {
  std::vector<DeviceEntry> entries{{.name = "cpu", .description = "this processor", .kind = "processor"}};
  std::string reason;
  if (const auto driver = CudaDriver::get(reason))
    for (int number = 0; number < driver->devices(); ++number) entries.push_back(entry_of(*driver, number));
  const std::shared_ptr<VulkanInstance> instance = VulkanInstance::get(reason);
  if (!instance) return entries;
  size_t number = 0;
  for (VkPhysicalDevice device : physical_devices(*instance)) entries.push_back(entry_of(*instance, device, number++));
  return entries;
}

std::shared_ptr<Device> open_device(const std::string& name) {
  if (name.empty() || name == "cpu") return nullptr;
  DeviceName read = read_name(name);
  static std::mutex mutex;
  static std::map<std::pair<std::string, size_t>, std::weak_ptr<Device>> open;
  const std::lock_guard<std::mutex> lock(mutex);
  if (read.kind == "gpu") read.kind = first_kind();
  std::weak_ptr<Device>& current = open[{read.kind, read.number}];
  if (auto device = current.lock()) return device;
  auto device = read.kind == "cuda" ? open_cuda(name, read.number) : open_vulkan(name, read.number);
  current = device;
  return device;
}

}  // namespace fovea
