// SPDX-License-Identifier: Apache-2.0
// Reads the environment for programs; the library itself reads none of it.
#pragma once

#include <filesystem>

#include "fovea/core/settings.h"

namespace fovea {

// FOVEA_CPU; FOVEA_CACHE (a folder, or "off"; else $XDG_CACHE_HOME/fovea, else ~/.cache/fovea); data and weights in FOVEA_HOME
// (else $XDG_DATA_HOME/fovea, else ~/.local/share/fovea); caches of weights in fovea/weights of XDG_DATA_DIRS and in PyTorch's
// hub/checkpoints of TORCH_HOME (else $XDG_CACHE_HOME/torch, else ~/.cache/torch); PATH.
Settings settings_from_environment();

// The data that tests and the demonstration use if it is there: FOVEA_DATA, else ../shared/data; empty when neither exists.
std::filesystem::path test_data();

}  // namespace fovea
