// SPDX-License-Identifier: Apache-2.0
// What mpirun prints on standard error, as one line where it explains itself in several.
#pragma once

#include <string>
#include <vector>

namespace fovea {

// Reads lines. What mpirun says itself is between two lines of dashes: of that only who died remains, and what it could not
// start; that a process has ended all, and said why, is left out. All other lines are those of the processes.
class MpiMessages {
 public:
  // The lines to print after one more line was read.
  std::vector<std::string> read(const std::string& line);
  // The same at the end.
  std::vector<std::string> finish();

 private:
  std::vector<std::string> end_of_block();

  bool inside_ = false;
  std::vector<std::string> block_;
};

}  // namespace fovea
