// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/fetch.h"

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/fetch/unpack.h"

namespace fovea {
namespace {

std::string joined(std::string base, const std::string& name) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + "/" + name;
}

std::vector<std::string> addresses_of(const RemoteDataset& set, const RemoteFile& file, const std::string& mirror) {
  if (!mirror.empty()) return {joined(joined(mirror, set.name), file.name), joined(mirror, file.name)};
  std::vector<std::string> addresses;
  for (const std::string& base : set.mirrors) addresses.push_back(joined(base, file.name));
  return addresses;
}

// The old folder stays until the new one has its name.
void put_in_place(const std::filesystem::path& made, const std::filesystem::path& folder) {
  const std::filesystem::path old = made.string() + ".old";
  std::error_code error;
  if (std::filesystem::exists(folder)) {
    std::filesystem::remove_all(old, error);
    std::filesystem::rename(folder, old, error);
  }
  if (!error) std::filesystem::rename(made, folder, error);
  if (error) fail(code_of_errno(error.value()), "cannot write {}: {}", folder.string(), error.message());
  std::filesystem::remove_all(old, error);
}

Fetched fetch_archives(const RemoteDataset& set, const FetchOptions& options) {
  Fetched result{.folder = options.home / set.name};
  result.was_there = std::filesystem::is_directory(result.folder);
  if (result.was_there && !options.again) return result;
  const std::filesystem::path made = options.home / ("." + set.name + ".unpacking");
  std::filesystem::remove_all(made);
  for (const RemoteFile& file : set.files) {
    result.received += download(file, addresses_of(set, file, options.mirror), options.home / file.name, options.events);
  }
  for (const RemoteFile& file : set.files) {
    if (options.events.start) options.events.start("unpacking " + file.name, file.bytes, 0);
    try {
      const Unpacked unpacked = unpack(options.home / file.name, set.unpack, made, options.events);
      if (unpacked.left_out > 0 && options.events.say) {
        options.events.say(fmt::format("{}: left out {} files that are not in {}", file.name, unpacked.left_out, set.unpack));
      }
    } catch (...) {
      std::filesystem::remove_all(made);
      throw;
    }
  }
  put_in_place(made, result.folder);
  for (const RemoteFile& file : set.files) std::filesystem::remove(options.home / file.name);
  return result;
}

Fetched fetch_files(const RemoteDataset& set, const FetchOptions& options) {
  Fetched result{.folder = options.home / set.name};
  make_folder(result.folder);
  try {
    for (const RemoteFile& file : set.files) {
      const std::filesystem::path target = result.folder / file.name;
      if (options.again) std::filesystem::remove(target);
      result.received += download(file, addresses_of(set, file, options.mirror), target, options.events);
    }
  } catch (...) {
    std::error_code not_empty;
    std::filesystem::remove(result.folder, not_empty);
    throw;
  }
  result.was_there = result.received == 0;
  return result;
}

}  // namespace

Fetched fetch(const RemoteDataset& set, const FetchOptions& options) {
  if (options.home.empty()) {
    refuse("there is no folder to download to; set FOVEA_HOME or HOME, or give --folder");
  }
  make_folder(options.home);
  return set.unpack.empty() ? fetch_files(set, options) : fetch_archives(set, options);
}

}  // namespace fovea
