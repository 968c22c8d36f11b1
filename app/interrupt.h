// SPDX-License-Identifier: Apache-2.0
// Turns Ctrl-C, SIGTERM and SIGUSR1 into a question that long work asks between its steps, so that it can save first.
#pragma once

#include <string>

namespace fovea {

// While an object of this class exists, the first signal is only recorded, and a second one ends the process as usual. There
// may be only one at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // What came, "Ctrl-C", "SIGTERM" or "SIGUSR1"; empty: nothing.
  std::string signal() const;
};

}  // namespace fovea
