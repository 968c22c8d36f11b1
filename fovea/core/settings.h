// SPDX-License-Identifier: Apache-2.0
/// \file
/// Settings of the whole process. The library does not read the environment: a program sets these once, before it starts
/// threads (fovea itself takes them from FOVEA_CPU, FOVEA_CACHE, FOVEA_HOME and the like, see app/environment.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

/// What a program decides for all calls of the library.
struct Settings {
  std::string cpu;  ///< LLVM's name of the processor to compile for where a caller names none; empty: the one this runs on
  std::filesystem::path kernel_cache;  ///< the folder of cached compiled kernels; empty: each process compiles its own
  std::filesystem::path user_data;     ///< the folder of the user's data sets; empty: data sets are named by their place alone
  std::filesystem::path
      user_weights;  ///< the folder of weights that were fetched; empty: weights are named by their place alone
  std::vector<std::filesystem::path> weight_caches;  ///< further folders of weights, which are only read
  /// where compilers and linkers for devices are looked for, separated by colons
  std::string program_folders = "/usr/local/bin:/usr/bin:/bin";
};

/// The current settings. The reference is valid for the life of the process.
const Settings& settings();

/// Replaces the settings. Must not be called while other threads use the library.
void set_settings(Settings settings);

}  // namespace fovea
