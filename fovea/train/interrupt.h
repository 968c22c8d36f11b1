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
  bool interrupted() const;
};

}  // namespace fovea
