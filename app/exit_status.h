// SPDX-License-Identifier: Apache-2.0
// What the program says and how it ends when something fails.
#pragma once

#include <exception>
#include <string>

namespace fovea {

inline constexpr int exit_failed = 1, exit_refused = 2, exit_interrupted = 130;

struct Failure {
  std::string message;  // one line, without "fovea: "
  int status = exit_failed;
};

// What an exception of any kind means.
Failure failure_of(std::exception_ptr exception);

}  // namespace fovea
