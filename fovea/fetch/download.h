// SPDX-License-Identifier: Apache-2.0
/// \file
/// The download of one file from the first mirror that has it right: resumed where a partial download ended, checked, and put
/// in place when it is complete.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fovea/fetch/catalog.h"

namespace fovea {

/// Functions that are called while work goes on, on the caller's thread. Each may be empty.
struct FetchEvents {
  /// A new step begins, of `total` bytes, of which `done` are there already.
  std::function<void(const std::string& title, int64_t total, int64_t done)> start;
  std::function<void(int64_t done)> update;          ///< So many bytes of the step are done.
  std::function<void(const std::string& line)> say;  ///< Something went wrong that does not end the work.
  /// Asked often; true ends the work with an Error of code cancelled, and what has arrived is kept.
  std::function<bool()> stop;
};

/// Downloads `file` to `target` from the first of `addresses` (http, https, file) that gives it with the catalog's size and
/// checksums. Returns how many bytes were received, which is 0 when the right file was already there.
///
/// What has arrived is in TARGET.part and stays there when the connection is cut, the disk is full or the process ends; the
/// next call asks for the rest (Range), and starts over where a server ignores that. A broken connection is resumed at once as
/// long as something arrives. A file with another checksum is deleted. Fails, with the reason for every address, when none
/// gives the file; refuses while another process downloads the same file.
int64_t download(const RemoteFile& file, const std::vector<std::string>& addresses, const std::filesystem::path& target,
                 const FetchEvents& events = {});

/// Whether the file at `path` has the checksums of `file`.
bool is_whole(const RemoteFile& file, const std::filesystem::path& path, const FetchEvents& events = {});

}  // namespace fovea
