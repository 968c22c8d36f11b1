// SPDX-License-Identifier: Apache-2.0
// Checksums of files as their keepers publish them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace fovea {

struct Checksums {
  std::string md5, sha256;  // hexadecimal
};

// Reads the file once. `stop` is asked between blocks; Error with exit status 130 when it says yes. Fails when the file cannot
// be read.
Checksums checksums_of(const std::filesystem::path& path, const std::function<bool()>& stop = {});

}  // namespace fovea
