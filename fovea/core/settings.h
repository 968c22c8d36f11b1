// SPDX-License-Identifier: Apache-2.0
// What holds for the whole process. The library reads no environment: a program says these things once, before it starts
// threads (fovea itself takes them from FOVEA_CPU, FOVEA_CACHE, FOVEA_HOME and the like, see app/environment.h).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

struct Settings {
  std::string cpu;  ///< the processor that is compiled for where a caller names none, by LLVM's name; empty: this one
  std::filesystem::path kernel_cache;  ///< the folder of compiled kernels; empty: each process compiles its own
  std::filesystem::path user_data;     ///< the folder of the user's data sets; empty: data sets are named by their place alone
  std::filesystem::path
      user_weights;  ///< the folder of weights that were fetched; empty: weights are named by their place alone
  std::vector<std::filesystem::path> weight_caches;              ///< further folders of weights, which are only read
  std::string program_folders = "/usr/local/bin:/usr/bin:/bin";  ///< where compilers and linkers for devices are looked for
};

const Settings& settings();

/// Not while other threads of the library run.
void set_settings(Settings settings);

}  // namespace fovea
