// SPDX-License-Identifier: Apache-2.0
// LLVM ends the process when it finds a state that it considers impossible. Work under a guard ends in an InternalError
// instead, in the program as well as in any process that uses the library.
//
// LLVM's handler of fatal errors must not return and cannot throw: LLVM is compiled without exceptions, and its destructors
// would be skipped. So the work runs on a thread of its own. When LLVM gives up, that thread stops forever with everything it
// holds, and the thread that waits for it throws. Nothing is unwound, and nothing that was left half done is used again; what
// it had allocated is lost.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace fovea {

/// Runs `work`, and throws what it throws. The work should create the objects that it uses, because what it leaves behind is
/// never destroyed. Within guarded work this is an ordinary call. `whole` gives the text to keep for faults that belong to no
/// kernel.
using Text = std::function<std::string()>;
void guarded(const std::function<void()>& work, const Text& whole = {});

template <typename Work>
auto guarded_result(const Work& work, const Text& whole = {}) {
  std::optional<decltype(work())> result;
  guarded([&] { result.emplace(work()); }, whole);
  return std::move(*result);
}

/// The guard of the calling thread's work, for threads that help it.
class Guard;
Guard* current_guard();
/// Makes the faults of a helping thread those of the work. A null guard has no effect.
class UnderGuard {
 public:
  explicit UnderGuard(Guard* guard);
  UnderGuard(const UnderGuard&) = delete;
  UnderGuard& operator=(const UnderGuard&) = delete;
  ~UnderGuard();

 private:
  Guard* before_;
};

/// What this thread compiles while the object exists: the layer of a kernel and the kernel's text, both of which must outlive
/// it.
class Compiling {
 public:
  Compiling(const std::string& layer, const std::string& text);
  Compiling(const Compiling&) = delete;
  Compiling& operator=(const Compiling&) = delete;
  ~Compiling();

 private:
  const std::string *layer_before_, *text_before_;
};

/// Writes the text to a temporary file, and throws an InternalError that names it.
[[noreturn]] void report_fault(const std::string& layer, const std::string& text, const std::string& reason);

/// For a program's signal handler: if the calling thread does guarded work, the work fails with `reason`, a text that stays
/// valid, and the call does not return.
void stop_guarded_work(const char* reason);

}  // namespace fovea
