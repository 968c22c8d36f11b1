// SPDX-License-Identifier: Apache-2.0
// Programs of tests take their settings from the environment, as fovea does; linked into each, this does so before main().
#include "app/environment.h"

namespace {

[[maybe_unused]] const bool set = (fovea::set_settings(fovea::settings_from_environment()), true);

}  // namespace
