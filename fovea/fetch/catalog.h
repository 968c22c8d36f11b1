// SPDX-License-Identifier: Apache-2.0
/// \file
/// The catalog of data sets that can be downloaded: where their files are, and their sizes and checksums.
///
/// The catalog is TOML; fovea/fetch/catalog.toml is built in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// A file that can be downloaded.
struct RemoteFile {
  std::string name;    ///< the file is at MIRROR/name
  int64_t bytes = 0;   ///< exact size
  std::string md5;     ///< hexadecimal; empty: not known
  std::string sha256;  ///< hexadecimal, possibly only the first digits; every digit given is checked
  bool exact = true;   ///< false: the size is about that, and the checksum alone tells whether it is the file
};

/// A data set that can be downloaded.
struct RemoteDataset {
  std::string name;                  ///< name of its folder, and of its kind in specs such as `mnist:`
  std::string title;                 ///< what it is, for lists
  std::vector<std::string> mirrors;  ///< addresses that are tried in this order
  std::vector<RemoteFile> files;     ///< all of them are needed
  /// a folder inside the archives that becomes the data set's folder; empty when the files are not archives but the data set
  /// itself
  std::string unpack;
};

/// All data sets that can be downloaded.
using Catalog = std::vector<RemoteDataset>;

/// The built-in catalog; the reference is valid for the life of the process.
const Catalog& built_in_catalog();

/// Reads a catalog. Refuses, naming `file` and the line, an invalid one: an unknown key, a name that is a path, a checksum that
/// is not 32 or 64 hexadecimal digits, a file without size or checksum, a data set without mirrors or files.
Catalog parse_catalog(std::string_view toml, std::string_view file);

/// The data set of that name in `catalog`, valid as long as it. Refuses an unknown name, with the nearest known one.
const RemoteDataset& find_dataset(const Catalog& catalog, std::string_view name);

}  // namespace fovea
