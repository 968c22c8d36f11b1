// SPDX-License-Identifier: Apache-2.0
#include "app/fault_signals.h"

#include <unistd.h>

#include <csignal>
#include <cstring>

#include "fovea/codegen/driver/fault_guard.h"

namespace fovea {
namespace {

char command_name[64] = "";
alignas(16) char signal_stack[64 << 10];

constexpr unsigned seconds_to_report = 20;

const char* description(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "an invalid memory access (signal 11)";
    case SIGBUS:
      return "an invalid memory access (signal 7)";
    case SIGFPE:
      return "an arithmetic fault (signal 8)";
    case SIGILL:
      return "an invalid instruction (signal 4)";
    default:
      return "an abort (signal 6)";
  }
}

void say(const char* text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

[[noreturn]] void end_with(const char* what) {
  say("fovea: internal error: in fovea ");
  say(command_name);
  say(": ");
  say(what);
  say("; this is a fault of fovea: please report it with the command and its files\n");
  _exit(1);
}

// Nothing here allocates or locks, because the allocator may be at fault.
void handle_fault(int signal) {
  alarm(seconds_to_report);  // in case the report itself waits for something that the fault left locked
  stop_guarded_work(description(signal));
  end_with(description(signal));
}

void handle_alarm(int) { end_with("a fault that could not be told"); }

}  // namespace

void watch_for_faults(const std::string& command) {
  std::strncpy(command_name, command.c_str(), sizeof command_name - 1);
#ifndef __SANITIZE_ADDRESS__  // the sanitizer's own report is more detailed
  const stack_t stack{.ss_sp = signal_stack, .ss_flags = 0, .ss_size = sizeof signal_stack};
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = handle_fault;
  action.sa_flags = SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &action, nullptr);
  action.sa_handler = handle_alarm;
  sigaction(SIGALRM, &action, nullptr);
#endif
}

const char* watched_command() { return command_name; }

}  // namespace fovea
