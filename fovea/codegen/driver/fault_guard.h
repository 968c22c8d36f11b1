// SPDX-License-Identifier: Apache-2.0
// LLVM ends the process when it finds its own state inconsistent. Guarded work ends in an InternalError instead, in the program
// as well as in any process that uses the library.
//
// LLVM's handler of fatal errors must not return and cannot throw: LLVM is compiled without exceptions, and its destructors
// would be skipped. Therefore the work runs on a thread of its own. When LLVM gives up, that thread sleeps forever with
// everything that it holds, and the thread that waits for it throws. Nothing is unwound, nothing half-finished is used again,
// and the memory that the thread had allocated is leaked.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace fovea {

/// Runs `work` under a guard, and throws what it throws. The work should create the objects that it uses, because what it holds
/// when it stops is never destroyed. Within guarded work this is an ordinary call. `whole` returns the text to keep for faults
/// that belong to no kernel.
using Text = std::function<std::string()>;
void guarded(const std::function<void()>& work, const Text& whole = {});

/// The result of `work`, run by guarded().
template <typename Work>
auto guarded_result(const Work& work, const Text& whole = {}) {
  std::optional<decltype(work())> result;
  guarded([&] { result.emplace(work()); }, whole);
  return std::move(*result);
}

/// A guard of work, and that of the calling thread, for the threads that it starts; null when there is none.
class Guard;
Guard* current_guard();
/// Makes faults of the current thread faults of the guarded work, during the object's lifetime. A null guard has no effect.
class UnderGuard {
 public:
  explicit UnderGuard(Guard* guard);
  UnderGuard(const UnderGuard&) = delete;
  UnderGuard& operator=(const UnderGuard&) = delete;
  ~UnderGuard();

 private:
  Guard* before_;
};

/// Says what this thread compiles during the object's lifetime: the name of a kernel's layer and the kernel's text. Both must
/// outlive the object.
class Compiling {
 public:
  Compiling(const std::string& layer, const std::string& text);
  Compiling(const Compiling&) = delete;
  Compiling& operator=(const Compiling&) = delete;
  ~Compiling();

 private:
  const std::string *layer_before_, *text_before_;
};

/// Writes the kernel's text to a temporary file, and throws an InternalError that names it.
[[noreturn]] void report_fault(const std::string& layer, const std::string& text, const std::string& reason);

/// For a program's signal handlers: if the calling thread does guarded work, that work fails with `reason`, a text that stays
/// valid, and the call does not return. Otherwise it returns.
void stop_guarded_work(const char* reason);

}  // namespace fovea
