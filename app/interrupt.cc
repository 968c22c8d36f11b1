// SPDX-License-Identifier: Apache-2.0
#include "app/interrupt.h"

#include <csignal>

namespace fovea {
namespace {

volatile std::sig_atomic_t signalled = 0;

struct sigaction old_interrupt, old_terminate;

}  // namespace

InterruptGuard::InterruptGuard() {
  signalled = 0;
  struct sigaction action {};
  action.sa_handler = [](int number) { signalled = number; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal has its default effect again
  sigaction(SIGINT, &action, &old_interrupt);
  sigaction(SIGTERM, &action, &old_terminate);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_interrupt, nullptr);
  sigaction(SIGTERM, &old_terminate, nullptr);
}

std::string InterruptGuard::signal() const {
  const int number = signalled;
  return number == 0 ? "" : number == SIGINT ? "Ctrl-C" : "SIGTERM";
}

}  // namespace fovea
