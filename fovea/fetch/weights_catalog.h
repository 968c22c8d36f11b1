// SPDX-License-Identifier: Apache-2.0
// The weights that others have published for the networks here: where they are, what they are known by, how they want pictures.
//
// The catalog is TOML; fovea/fetch/weights.toml is built in.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/fetch/catalog.h"
#include "fovea/fetch/download.h"

namespace fovea {

/// Published weights that can be downloaded.
struct RemoteWeights {
  std::string name;     ///< "mobilenet-v2@torchvision"
  std::string model;    ///< of the registry
  std::string address;  ///< the URL of the file
  RemoteFile file;      ///< its name is the address's last part
  std::string license;  ///< the license of the weights
  double top1 = 0;      ///< percent of ImageNet's validation images, as published; 0: not known
  // How the network was trained and reads images. Values that are left out are those of the file, or the network's defaults.
  int64_t size = 0;               ///< height and width of the input in pixels; 0: not given
  int64_t resize = 0;             ///< size of the shorter side before the crop; 0: not given
  std::string interpolation;      ///< bilinear or bicubic; empty: not given
  std::string convention;         ///< torch or tensorflow; empty: not given
  std::vector<double> mean;       ///< for each channel; empty: not given
  std::vector<double> deviation;  ///< standard deviation for each channel; empty: not given
  double width = 0;               ///< width multiplier of the network; 0: not given
};

using WeightsCatalog = std::vector<RemoteWeights>;  ///< in the order of the file

/// The built-in catalog, valid as long as the program.
const WeightsCatalog& built_in_weights();

/// Refuses, naming file and line, what is no catalog.
WeightsCatalog parse_weights(std::string_view toml, std::string_view file);

/// By its name, by the name of its file, or, of a model's name, the first of that model; "imagenet" is the first of `model`, of
/// mobilenet-v2 where that is empty. Null where there is none.
const RemoteWeights* find_weights(const WeightsCatalog& catalog, std::string_view name, std::string_view model = {});

/// Where weights are kept, and whether more may be fetched.
struct WeightsPlaces {
  std::filesystem::path home;                 ///< the user's folder; what is fetched goes there
  std::vector<std::filesystem::path> caches;  ///< looked into first, and never written
  std::string mirror;                         ///< MIRROR/FILE instead of the catalog's address
  bool offline = false;                       ///< whether downloads are forbidden
};

/// A file of weights on this machine.
struct FetchedWeights {
  std::filesystem::path path;  ///< where the file is
  int64_t received = 0;        ///< bytes from the net
};

/// The file of `weights`: as it lies in a cache or in the user's folder, with the right checksum, or downloaded there (see
/// download()). Throws Error where it is nowhere and `offline` forbids to fetch it, naming the places; and as download() does.
FetchedWeights fetch_weights(const RemoteWeights& weights, const WeightsPlaces& places, const FetchEvents& events = {});

}  // namespace fovea
