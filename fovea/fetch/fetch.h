// SPDX-License-Identifier: Apache-2.0
/// \file
/// Data sets from the internet into the user's data folder, where specs without a path (`mnist:`) find them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fovea/fetch/catalog.h"
#include "fovea/fetch/download.h"

namespace fovea {

/// Where a data set comes from and where it goes.
struct FetchOptions {
  std::filesystem::path home;  ///< the data set goes to home / its name
  std::string mirror;          ///< used instead of the catalog's mirrors: MIRROR/DATASET/FILE is tried, then MIRROR/FILE
  bool again = false;          ///< also when the data set is there: a new copy replaces the old one when it is complete
  FetchEvents events;          ///< called while work goes on
};

/// The result of a fetch.
struct Fetched {
  std::filesystem::path folder;  ///< the data set's folder
  int64_t received = 0;          ///< bytes from the internet; 0 when everything was there
  bool was_there = false;        ///< whether the data set was complete before
};

/// Downloads a data set and unpacks its archives into a folder beside its own, which is renamed when it is complete; so a
/// folder of an archive's data set is never half of it. Archives are deleted once they are unpacked. Errors are those of
/// download() and unpack().
Fetched fetch(const RemoteDataset& set, const FetchOptions& options);

}  // namespace fovea
