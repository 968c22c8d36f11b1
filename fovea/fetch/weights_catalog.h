// SPDX-License-Identifier: Apache-2.0
/// \file
/// The catalog of weights that others have published for networks of fovea: addresses, checksums, accuracy and preprocessing.
///
/// The catalog is TOML; fovea/fetch/weights.toml is built in.
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
  std::string model;    ///< the model's name in the registry
  std::string address;  ///< the URL of the file
  RemoteFile file;      ///< its name is the address's last part
  std::string license;  ///< the license of the weights
  double top1 = 0;      ///< percent of ImageNet's validation images, as published; 0: not known
  // How the network was trained and how it reads images. A value that is left out is the one in the file, or the network's
  // default.
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

/// Reads a catalog. Refuses text of another form; the message names `file` and the line.
WeightsCatalog parse_weights(std::string_view toml, std::string_view file);

/// The entry that `name` names: the name of an entry, the name of its file, or a model's name, which is the first entry of that
/// model. "imagenet" is the first entry of `model`, or of mobilenet-v2 when `model` is empty. Null when there is none; valid as
/// long as the catalog.
const RemoteWeights* find_weights(const WeightsCatalog& catalog, std::string_view name, std::string_view model = {});

/// Where weights are kept, and whether more may be fetched.
struct WeightsPlaces {
  std::filesystem::path home;                 ///< the user's folder, into which files are downloaded
  std::vector<std::filesystem::path> caches;  ///< folders that are searched first and never written to
  std::string mirror;                         ///< if not empty, MIRROR/FILE is downloaded in place of the catalog's address
  bool offline = false;                       ///< whether downloads are forbidden
};

/// A file of weights on this machine.
struct FetchedWeights {
  std::filesystem::path path;  ///< where the file is
  int64_t received = 0;        ///< bytes that were downloaded; 0 when the file was there
};

/// The file of `weights`: one in a cache or in the user's folder that has the right checksum, or else one that is downloaded
/// into the user's folder (see download()). Fails when there is none and `offline` forbids a download, naming the places, and
/// when download() fails.
FetchedWeights fetch_weights(const RemoteWeights& weights, const WeightsPlaces& places, const FetchEvents& events = {});

}  // namespace fovea
