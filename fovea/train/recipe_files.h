// SPDX-License-Identifier: Apache-2.0
// The files of recipes/, embedded in the library (generated at build time by cmake/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace fovea {

struct RecipeFile {
  std::string_view name;  // without .toml
  std::string_view text;
};

extern const std::span<const RecipeFile> recipe_files;

}  // namespace fovea
