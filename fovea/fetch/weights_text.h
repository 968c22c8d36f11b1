// SPDX-License-Identifier: Apache-2.0
// The text of fovea/fetch/weights.toml, embedded by cmake/embed_text.cmake.
#pragma once

#include <string_view>

namespace fovea {

/// The text of fovea/fetch/weights.toml.
extern const std::string_view weights_text;

}  // namespace fovea
