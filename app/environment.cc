// SPDX-License-Identifier: Apache-2.0
#include "app/environment.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace fovea {
namespace {

// The value of a variable; null when it is not set or empty.
const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

// A whole number of at least 0; 0 for anything else.
int number(const char* name) {
  const char* text = variable(name);
  return text == nullptr ? 0 : std::max(0, std::atoi(text));
}

std::filesystem::path kernel_cache() {
  if (const char* named = variable("FOVEA_CACHE"))
    return std::string_view(named) == "off" ? std::filesystem::path() : std::filesystem::path(named);
  if (const char* caches = variable("XDG_CACHE_HOME")) return std::filesystem::path(caches) / "fovea";
  if (const char* home = variable("HOME")) return std::filesystem::path(home) / ".cache" / "fovea";
  return {};
}

// The folder for downloads; empty when no variable determines it.
std::filesystem::path user_folder() {
  if (const char* home = variable("FOVEA_HOME")) return home;
  if (const char* data = variable("XDG_DATA_HOME")) return std::filesystem::path(data) / "fovea";
  if (const char* home = variable("HOME")) return std::filesystem::path(home) / ".local" / "share" / "fovea";
  return {};
}

// Folders in which an administrator or PyTorch may already have put weights.
std::vector<std::filesystem::path> weight_caches() {
  std::vector<std::filesystem::path> folders;
  const char* named = variable("XDG_DATA_DIRS");
  std::string_view rest = named != nullptr ? named : "/usr/local/share:/usr/share";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    if (!folder.empty()) folders.push_back(std::filesystem::path(folder) / "fovea" / "weights");
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
  }
  const std::filesystem::path hub = std::filesystem::path("hub") / "checkpoints";
  if (const char* torch = variable("TORCH_HOME"))
    folders.push_back(torch / hub);
  else if (const char* caches = variable("XDG_CACHE_HOME"))
    folders.push_back(std::filesystem::path(caches) / "torch" / hub);
  else if (const char* home = variable("HOME"))
    folders.push_back(std::filesystem::path(home) / ".cache" / "torch" / hub);
  return folders;
}

}  // namespace

Settings settings_from_environment() {
  Settings settings;
  if (const char* cpu = variable("FOVEA_CPU")) settings.cpu = cpu;
  settings.kernel_cache = kernel_cache();
  if (const std::filesystem::path folder = user_folder(); !folder.empty()) {
    settings.user_data = folder / "data";
    settings.user_weights = folder / "weights";
  }
  settings.weight_caches = weight_caches();
  if (const char* folders = variable("PATH")) settings.program_folders = folders;
  return settings;
}

StartedProcesses started_processes() {
  const char* ranked = variable("PMIX_RANK");
  if (const int count = number("OMPI_COMM_WORLD_SIZE"); count > 0)
    return {count, std::max(1, number("OMPI_COMM_WORLD_LOCAL_SIZE"))};
  if (const int count = number("SLURM_NTASKS"); ranked != nullptr && count > 0)
    return {count, std::max(1, number("SLURM_NTASKS_PER_NODE"))};
  return {};
}

std::string launch_agent() {
  const char* named = variable("OMPI_MCA_plm_rsh_agent");
  return named != nullptr ? named : "ssh";
}

std::filesystem::path test_data() {
  const char* named = variable("FOVEA_DATA");
  const std::filesystem::path folder = named != nullptr ? named : "../shared/data";
  return std::filesystem::is_directory(folder) ? folder : std::filesystem::path();
}

}  // namespace fovea
