// SPDX-License-Identifier: Apache-2.0
// Archives into folders, without trusting them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fovea/fetch/download.h"

namespace fovea {

struct Unpacked {
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t left_out = 0;  // files outside of the folder that was asked for
};

// Writes what `archive` (tar; gzip, bzip2, xz or zstd) holds below `folder` into `target`, which is made. Plain files and
// folders only: fails on an entry that is a link or a device, on an absolute path, on one with `..`, on damage, and on an
// archive that lacks the folder. `events` counts bytes of the archive.
Unpacked unpack(const std::filesystem::path& archive, const std::string& folder, const std::filesystem::path& target,
                const FetchEvents& events = {});

}  // namespace fovea
