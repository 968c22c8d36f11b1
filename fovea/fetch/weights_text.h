// SPDX-License-Identifier: Apache-2.0
// fovea/fetch/weights.toml, built in (cmake/embed_text.cmake).
#pragma once

#include <string_view>

namespace fovea {

/// The text of fovea/fetch/weights.toml.
extern const std::string_view weights_text;

}  // namespace fovea
