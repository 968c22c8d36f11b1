// SPDX-License-Identifier: Apache-2.0
/// \file
/// Archives unpacked into folders, without trusting their content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fovea/fetch/download.h"

namespace fovea {

/// What was unpacked.
struct Unpacked {
  int64_t files = 0;     ///< files written
  int64_t bytes = 0;     ///< their size in total
  int64_t left_out = 0;  ///< files outside the wanted folder
};

/// Writes what `archive` (tar, compressed with gzip, bzip2, xz or zstd) has below `folder` into `target`, which is created.
/// Only plain files and folders are accepted: fails on an entry that is a link or a device, on an absolute path or one with
/// `..`, on a corrupt archive, and on one without the folder. `events` counts bytes of the archive.
Unpacked unpack(const std::filesystem::path& archive, const std::string& folder, const std::filesystem::path& target,
                const FetchEvents& events = {});

}  // namespace fovea
