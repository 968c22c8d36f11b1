// SPDX-License-Identifier: Apache-2.0
// One file from the first mirror that has it right: resumed where a partial download ended, checked, put in place whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fovea/fetch/catalog.h"

namespace fovea {

// What is told and asked while work goes on; each may be empty.
struct FetchEvents {
  std::function<void(const std::string& title, int64_t total, int64_t done)> start;  // bytes
  std::function<void(int64_t done)> update;
  std::function<void(const std::string& line)> say;  // what went wrong but did not end it
  std::function<bool()> stop;                        // yes: Error with exit status 130, what has arrived stays
};

// Downloads `file` to `target` from the first of `addresses` (http, https, file) that gives it with the catalog's size and
// checksums, and returns how many bytes were received: 0 when the right file was there already.
//
// What has arrived is in TARGET.part, and stays there when the connection is cut, the disk is full or the process ends; the
// next call asks for the rest (Range) and starts over where a server ignores that. A broken connection is taken up again at
// once, as long as something arrives. A file with another checksum is deleted. Fails, with the reason for every address, when
// none gives the file; refuses while another process downloads the same file.
int64_t download(const RemoteFile& file, const std::vector<std::string>& addresses, const std::filesystem::path& target,
                 const FetchEvents& events = {});

/// Whether the file at `path` has the checksums of `file`.
bool is_whole(const RemoteFile& file, const std::filesystem::path& path, const FetchEvents& events = {});

}  // namespace fovea
