// SPDX-License-Identifier: Apache-2.0
/// \file
/// Turns Ctrl-C and SIGTERM into a question that the training loop asks between steps, so that it can save first.
#pragma once

namespace fovea {

/// While an object of this class exists, the first signal is only recorded, and a second one ends the process as usual. There
/// may be only one at a time.
class InterruptGuard {
 public:
  /// Installs the signal handlers.
  InterruptGuard();
  /// Restores the previous ones.
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  int signal() const;  ///< The signal that came, SIGINT or SIGTERM; 0: none.
};

}  // namespace fovea
