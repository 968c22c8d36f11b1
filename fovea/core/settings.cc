// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/settings.h"

#include <utility>

namespace fovea {
namespace {

Settings& current() {
  static Settings settings;
  return settings;
}

}  // namespace

const Settings& settings() { return current(); }

void set_settings(Settings settings) { current() = std::move(settings); }

}  // namespace fovea
