// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/fault_guard.h"

#include <llvm/Support/ErrorHandling.h>
#include <semaphore.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "fovea/core/file.h"
#include "fovea/core/internal_error.h"

namespace fovea {

// The state that the waiting thread shares with the threads that work; the latter keep it if they stop. A stopping thread
// writes only plain memory, because it may stop anywhere, even within an allocation.
class Guard {
 public:
  Guard() { sem_init(&ended_, 0, 0); }

  void wait() {
    while (sem_wait(&ended_) != 0 && errno == EINTR) {
    }
  }
  void finish() { sem_post(&ended_); }

  // Only the first of several faults is reported.
  [[noreturn]] void stop(const char* reason, const std::string* layer, const std::string* text) {
    if (!stopped_.exchange(true)) {
      std::strncpy(reason_, reason, sizeof reason_ - 1);
      layer_ = layer;
      text_ = text;
      told_ = true;
      sem_post(&ended_);
    }
    while (true) pause();
  }
  bool stopped() const { return told_; }
  const char* reason() const { return reason_; }
  const std::string* layer() const { return layer_; }
  const std::string* text() const { return text_; }

 private:
  sem_t ended_;
  std::atomic<bool> stopped_ = false, told_ = false;
  char reason_[512] = {};
  const std::string *layer_ = nullptr, *text_ = nullptr;
};

namespace {

thread_local Guard* guard_of_thread = nullptr;
thread_local const std::string *layer_of_thread = nullptr, *text_of_thread = nullptr;

// An alternate stack for signal handlers, so that an overflow of the thread's own stack can be handled.
class SignalStack {
 public:
  SignalStack() : memory_(new char[bytes]) {
    const stack_t stack{.ss_sp = memory_.get(), .ss_flags = 0, .ss_size = bytes};
    sigaltstack(&stack, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;
  ~SignalStack() {
    const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, nullptr);
  }

 private:
  static constexpr size_t bytes = 64 << 10;
  std::unique_ptr<char[]> memory_;
};

void handle_fatal_error(void*, const char* reason, bool) { stop_guarded_work(reason); }
void handle_exhaustion(void*, const char* reason, bool) { stop_guarded_work(reason); }

void install_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::install_fatal_error_handler(handle_fatal_error);
    llvm::install_bad_alloc_error_handler(handle_exhaustion);
  });
}

// Writes the text to a temporary file whose name is derived from the content, so that the same fault gives the same file.
// Returns its path, or "" on failure.
std::string kept(const std::string& text) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return "";
  const auto path = folder / fmt::format("fovea-kernel-{:016x}.mlir", std::hash<std::string>()(text));
  try {
    write_text(path, text);
  } catch (const Error&) {
    return "";
  }
  return path.string();
}

}  // namespace

Guard* current_guard() { return guard_of_thread; }

UnderGuard::UnderGuard(Guard* guard) : before_(guard_of_thread) { guard_of_thread = guard; }
UnderGuard::~UnderGuard() { guard_of_thread = before_; }

Compiling::Compiling(const std::string& layer, const std::string& text)
    : layer_before_(layer_of_thread), text_before_(text_of_thread) {
  layer_of_thread = &layer;
  text_of_thread = &text;
}
Compiling::~Compiling() {
  layer_of_thread = layer_before_;
  text_of_thread = text_before_;
}

void stop_guarded_work(const char* reason) {
  if (guard_of_thread != nullptr) guard_of_thread->stop(reason, layer_of_thread, text_of_thread);
}

void report_fault(const std::string& layer, const std::string& text, const std::string& reason) {
  const std::string path = text.empty() ? "" : kept(text);
  throw InternalError(fmt::format("{} does not compile: {}{}",
                                  layer.empty() ? std::string("this network") : fmt::format("layer \"{}\"", layer), reason,
                                  path.empty() ? "" : fmt::format("; its text is kept in {}", path)));
}

void guarded(const std::function<void()>& work, const Text& whole) {
  if (guard_of_thread != nullptr) return work();
  install_handlers();
  // If the working thread stops, both are left to it; otherwise this thread deletes them.
  auto guard = std::make_unique<Guard>();
  auto problem = std::make_unique<std::exception_ptr>();
  std::thread thread([&work, guard = guard.get(), problem = problem.get()] {
    const SignalStack signals;
    const UnderGuard under(guard);
    try {
      work();
    } catch (...) {
      *problem = std::current_exception();
    }
    guard->finish();
  });
  guard->wait();
  if (guard->stopped()) {
    thread.detach();
    Guard* stopped = guard.release();
    (void)problem.release();
    if (stopped->text() != nullptr) report_fault(*stopped->layer(), *stopped->text(), stopped->reason());
    report_fault("", whole ? whole() : "", stopped->reason());
  }
  thread.join();
  if (*problem) std::rethrow_exception(*problem);
}

}  // namespace fovea
