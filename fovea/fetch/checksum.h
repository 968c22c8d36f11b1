// SPDX-License-Identifier: Apache-2.0
/// \file
/// Checksums of files.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace fovea {

/// The two checksums that publishers of data sets give.
struct Checksums {
  std::string md5;     ///< hexadecimal, lower case
  std::string sha256;  ///< hexadecimal, lower case
};

/// Reads the file once and computes both checksums. `stop` is asked between blocks; when it returns true, an Error
/// of code cancelled is thrown. Fails when the file cannot be read.
Checksums checksums_of(const std::filesystem::path& path, const std::function<bool()>& stop = {});

}  // namespace fovea
