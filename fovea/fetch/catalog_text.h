// SPDX-License-Identifier: Apache-2.0
// The text of fovea/fetch/catalog.toml, embedded by cmake/embed_text.cmake.
#pragma once

#include <string_view>

namespace fovea {

extern const std::string_view catalog_text;

}  // namespace fovea
