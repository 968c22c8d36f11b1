// SPDX-License-Identifier: Apache-2.0
// fovea/fetch/weights.toml, built in (cmake/embed_text.cmake).
#pragma once

#include <string_view>

namespace fovea {

extern const std::string_view weights_text;

}  // namespace fovea
