// SPDX-License-Identifier: Apache-2.0
// Test programs take their settings from the environment as fovea does; this file is linked into each and does so before
// main().
#include "app/environment.h"

namespace {

[[maybe_unused]] const bool set = (fovea::set_settings(fovea::settings_from_environment()), true);

}  // namespace
