// SPDX-License-Identifier: Apache-2.0
// Reads the environment for programs; the library itself reads none of it.
#pragma once

#include <filesystem>

#include "fovea/core/settings.h"

namespace fovea {

// Settings from FOVEA_CPU; FOVEA_CACHE (a folder, or "off"; by default $XDG_CACHE_HOME/fovea, else ~/.cache/fovea);
// FOVEA_HOME/data (by default $XDG_DATA_HOME/fovea/data, else ~/.local/share/fovea/data); and PATH.
Settings settings_from_environment();

// The data that tests and the demonstration use if it is there: FOVEA_DATA, else ../shared/data; empty when neither exists.
std::filesystem::path test_data();

}  // namespace fovea
