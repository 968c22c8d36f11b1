// SPDX-License-Identifier: Apache-2.0
/// \file
/// Metrics as JSON lines, with one object in each line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fovea/report/append_file.h"

namespace fovea {

/// A file of JSON lines that is being written. One thread at a time.
class JsonLines {
 public:
  /// Starts `path` empty or continues it: `keep_below` > 0 keeps the leading lines whose number `key` is below it and removes
  /// the rest, including an incomplete last line. A resumed run passes the first epoch (or step) that it will write again.
  JsonLines(const std::filesystem::path& path, const std::string& key = "epoch", int64_t keep_below = 0);

  /// Writes one line; it is in the file when the call returns.
  void write(const nlohmann::ordered_json& object);

 private:
  AppendFile file_;
};

/// The objects of all complete lines. Fails naming the line that is not a JSON object.
std::vector<nlohmann::ordered_json> read_json_lines(const std::filesystem::path& path);

}  // namespace fovea
