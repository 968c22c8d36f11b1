// SPDX-License-Identifier: Apache-2.0
// The sources of programs for devices, which travel inside the library: fovea/deploy/program,
// fovea/data/image/pixel_arithmetic.h, and stb_image.h of Debian's libstb-dev.
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
