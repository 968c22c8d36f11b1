// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/target/gpu_target.h"

#include <algorithm>
#include <cstdlib>

#include "fovea/core/error.h"

namespace fovea {

namespace {

// A chip by LLVM's name. For NVIDIA's, whose number is their compute capability, features have the first version of PTX that
// knows it; drivers compile the PTX of an older chip for a newer one. AMD's chips run only their own code.
struct Chip {
  const char* name;
  const char* features;
};

constexpr Chip amd_chips[] = {{"gfx90a", ""}, {"gfx942", ""}, {"gfx1100", ""}};

constexpr Chip chips[] = {{"sm_70", "+ptx60"}, {"sm_75", "+ptx63"}, {"sm_80", "+ptx70"},
                          {"sm_86", "+ptx71"}, {"sm_89", "+ptx78"}, {"sm_90", "+ptx78"}};

}  // namespace

GpuTarget GpuTarget::vulkan() { return {.name = "vulkan"}; }

GpuTarget GpuTarget::named(const std::string& name) {
  if (name == "vulkan") return vulkan();
  // What every driver of Vulkan has to allow.
  if (name == "vulkan-128") return {.name = name, .workgroup_invocations = 128, .tile_columns = 32};
  if (std::ranges::find(amd_chips, name, &Chip::name) != std::end(amd_chips))
    return {.name = name, .code = GpuCode::amdgcn, .workgroup_bytes = 64 << 10, .workgroups = 1 << 22};
  const auto* chip = std::ranges::find(chips, name, &Chip::name);
  if (chip == std::end(chips)) refuse_unknown("kind of device", name, gpu_target_names());
  return {.name = name,
          .code = GpuCode::ptx,
          .features = chip->features,
          .workgroup_bytes = 48 << 10,
          .workgroups = INT32_MAX,
          .resident_workgroups = 2};
}

GpuTarget GpuTarget::of_device(const std::string& name) {
  const auto number = [](const std::string& chip) { return chip.starts_with("sm_") ? std::atoi(chip.c_str() + 3) : 0; };
  const char* newest = nullptr;
  for (const Chip& chip : chips)
    if (number(chip.name) <= number(name)) newest = chip.name;
  return named(newest == nullptr ? name : newest);
}

const std::vector<std::string>& gpu_target_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"vulkan", "vulkan-128"};
    for (const Chip& chip : chips) all.emplace_back(chip.name);
    for (const Chip& chip : amd_chips) all.emplace_back(chip.name);
    return all;
  }();
  return names;
}

}  // namespace fovea
