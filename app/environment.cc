// SPDX-License-Identifier: Apache-2.0
#include "app/environment.h"

#include <cstdlib>
#include <string_view>

namespace fovea {
namespace {

// The value of a variable; null when it is not set or empty.
const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

std::filesystem::path kernel_cache() {
  if (const char* named = variable("FOVEA_CACHE"))
    return std::string_view(named) == "off" ? std::filesystem::path() : std::filesystem::path(named);
  if (const char* caches = variable("XDG_CACHE_HOME")) return std::filesystem::path(caches) / "fovea";
  if (const char* home = variable("HOME")) return std::filesystem::path(home) / ".cache" / "fovea";
  return {};
}

std::filesystem::path user_data() {
  if (const char* home = variable("FOVEA_HOME")) return std::filesystem::path(home) / "data";
  if (const char* data = variable("XDG_DATA_HOME")) return std::filesystem::path(data) / "fovea" / "data";
  if (const char* home = variable("HOME")) return std::filesystem::path(home) / ".local" / "share" / "fovea" / "data";
  return {};
}

}  // namespace

Settings settings_from_environment() {
  Settings settings;
  if (const char* cpu = variable("FOVEA_CPU")) settings.cpu = cpu;
  settings.kernel_cache = kernel_cache();
  settings.user_data = user_data();
  if (const char* folders = variable("PATH")) settings.program_folders = folders;
  return settings;
}

std::filesystem::path test_data() {
  const char* named = variable("FOVEA_DATA");
  const std::filesystem::path folder = named != nullptr ? named : "../shared/data";
  return std::filesystem::is_directory(folder) ? folder : std::filesystem::path();
}

}  // namespace fovea
