// SPDX-License-Identifier: Apache-2.0
// Data sets from the net into the user's data folder, where specs without a path (`mnist:`) find them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fovea/fetch/catalog.h"
#include "fovea/fetch/download.h"

namespace fovea {

struct FetchOptions {
  std::filesystem::path home;  // the data set becomes home / its name
  std::string mirror;          // instead of the catalog's: MIRROR/DATASET/FILE, else MIRROR/FILE
  bool again = false;          // even when it is there: a new copy replaces the old one when it is whole
  FetchEvents events;
};

struct Fetched {
  std::filesystem::path folder;
  int64_t received = 0;  // bytes from the net; 0: everything was there
  bool was_there = false;
};

// Downloads and, for archives, unpacks: into a folder beside, which takes the data set's name when it is complete, so that a
// folder of that name is never half a data set of an archive. Archives are deleted once they are unpacked.
Fetched fetch(const RemoteDataset& set, const FetchOptions& options);

}  // namespace fovea
