// SPDX-License-Identifier: Apache-2.0
// The sources of programs for devices, which are embedded in the library: fovea/deploy/program, the headers of fovea/data/image
// that they share, and stb_image.h of Debian's libstb-dev.
#pragma once

#include <span>
#include <string_view>

namespace fovea {

struct ProgramFile {
  std::string_view name;
  std::string_view text;
};

extern const std::span<const ProgramFile> program_files;  // written by cmake/embed.cmake

}  // namespace fovea
