// SPDX-License-Identifier: Apache-2.0
// fovea/fetch/catalog.toml, built in (cmake/embed_text.cmake).
#pragma once

#include <string_view>

namespace fovea {

extern const std::string_view catalog_text;

}  // namespace fovea
