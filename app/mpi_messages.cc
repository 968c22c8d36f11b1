// SPDX-License-Identifier: Apache-2.0
#include "app/mpi_messages.h"

#include <algorithm>

namespace fovea {
namespace {

bool is_dashes(const std::string& line) { return line.size() >= 40 && line.find_first_not_of('-') == line.npos; }

bool contains(const std::string& text, const char* part) { return text.find(part) != text.npos; }

}  // namespace

std::vector<std::string> MpiMessages::read(const std::string& line) {
  if (!is_dashes(line)) {
    if (!inside_) return {line};
    block_.push_back(line);
    return {};
  }
  inside_ = !inside_;
  return inside_ ? std::vector<std::string>() : end_of_block();
}

std::vector<std::string> MpiMessages::finish() { return end_of_block(); }

std::vector<std::string> MpiMessages::end_of_block() {
  std::string text;
  for (const std::string& line : block_) {
    if (!line.empty()) text += (text.empty() ? "" : " ") + line;
  }
  block_.clear();
  if (text.empty() || contains(text, "MPI_ABORT was invoked") || contains(text, "Primary job") ||
      contains(text, "exited with non-zero status")) {
    return {};
  }
  return {"fovea: " + text};
}

}  // namespace fovea
