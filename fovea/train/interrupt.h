// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM as a question the training loop asks between steps, so that it can save first.
#pragma once

namespace fovea {

// While one exists, the first signal is only noted; a second one ends the process as usual. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  int signal() const;  // the one that came: SIGINT or SIGTERM; 0: none
};

}  // namespace fovea
