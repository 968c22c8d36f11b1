// fovea/fetch/catalogue.toml, built in (cmake/embed_text.cmake).
#pragma once

#include <string_view>

namespace fovea {

extern const std::string_view catalogue_text;

}  // namespace fovea
