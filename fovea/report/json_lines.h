// SPDX-License-Identifier: Apache-2.0
// Metrics as JSON lines: one object a line, appended whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fovea/report/append_file.h"

namespace fovea {

class JsonLines {
 public:
  // Starts `path` anew, or goes on: `keep_below` > 0 keeps the leading lines whose number `key` is below it and cuts the rest
  // off, a half-written last line included. A resumed run passes the first epoch (or step) it will write again.
  JsonLines(const std::filesystem::path& path, const std::string& key = "epoch", int64_t keep_below = 0);

  // In the file when the call returns.
  void write(const nlohmann::ordered_json& object);

 private:
  AppendFile file_;
};

// Every complete line; fails naming the line that is not a JSON object.
std::vector<nlohmann::ordered_json> read_json_lines(const std::filesystem::path& path);

}  // namespace fovea
