// SPDX-License-Identifier: Apache-2.0
#include "app/interrupt.h"

#include <csignal>

namespace fovea {
namespace {

volatile std::sig_atomic_t signalled = 0;

struct sigaction old_interrupt, old_terminate, old_user;

}  // namespace

InterruptGuard::InterruptGuard() {
  signalled = 0;
  struct sigaction action {};
  action.sa_handler = [](int number) { signalled = number; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal has its default effect again
  sigaction(SIGINT, &action, &old_interrupt);
  sigaction(SIGTERM, &action, &old_terminate);
  sigaction(SIGUSR1, &action, &old_user);  // which mpirun passes on to all processes, and Slurm sends before time is up
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_interrupt, nullptr);
  sigaction(SIGTERM, &old_terminate, nullptr);
  sigaction(SIGUSR1, &old_user, nullptr);
}

std::string InterruptGuard::signal() const {
  const int number = signalled;
  return number == 0 ? "" : number == SIGINT ? "Ctrl-C" : number == SIGTERM ? "SIGTERM" : "SIGUSR1";
}

}  // namespace fovea
