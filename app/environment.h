// SPDX-License-Identifier: Apache-2.0
// Reads the environment for programs; the library itself reads none of it.
#pragma once

#include <filesystem>

#include "fovea/core/settings.h"

namespace fovea {

// The processor is FOVEA_CPU. The kernel cache is FOVEA_CACHE (a folder, or "off"), else $XDG_CACHE_HOME/fovea, else
// ~/.cache/fovea. Data and weights are in FOVEA_HOME, else $XDG_DATA_HOME/fovea, else ~/.local/share/fovea. Weights are also
// looked for in fovea/weights of the folders in XDG_DATA_DIRS, and in hub/checkpoints of PyTorch's TORCH_HOME, else
// $XDG_CACHE_HOME/torch, else ~/.cache/torch. Programs are found by PATH.
Settings settings_from_environment();

// The data that tests and the demonstration use if it is there: FOVEA_DATA, else ../shared/data; empty when neither exists.
std::filesystem::path test_data();

}  // namespace fovea
