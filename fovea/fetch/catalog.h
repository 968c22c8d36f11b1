// SPDX-License-Identifier: Apache-2.0
// The data sets that can be downloaded: where their files are and what they are known by.
//
// The catalog is TOML; fovea/fetch/catalog.toml is built in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

struct RemoteFile {
  std::string name;  // MIRROR/name is its address
  int64_t bytes = 0;
  std::string md5, sha256;  // hexadecimal, of sha256 perhaps the first digits; all that are there are checked
  bool exact = true;        // false: the size is about that, and the checksum alone tells whether it is the file
};

struct RemoteDataset {
  std::string name;   // of its folder, and of its kind in specs: `mnist:`
  std::string title;  // what it is, for lists
  std::vector<std::string> mirrors;
  std::vector<RemoteFile> files;
  std::string unpack;  // the files are archives, and this folder inside them is the data set; empty: they are the data set
};

using Catalog = std::vector<RemoteDataset>;

const Catalog& built_in_catalog();

// Refuses, naming file and line, what is no catalog: a key that is not one of the above, a name that is a path, a checksum
// that is not 32 or 64 hexadecimal digits, a file without size or checksum, a data set without mirrors or files.
Catalog parse_catalog(std::string_view toml, std::string_view file);

// Refuses an unknown name, naming the nearest.
const RemoteDataset& find_dataset(const Catalog& catalog, std::string_view name);

}  // namespace fovea
