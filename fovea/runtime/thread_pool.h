// SPDX-License-Identifier: Apache-2.0
/// \file
/// Threads that share the tiles of one kernel at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace fovea {

/// A fixed number of threads. Calls of run() from several threads follow one another.
class ThreadPool {
 public:
  /// Starts threads - 1 threads; the caller is the last. Refuses fewer than 1 and more than 1024.
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  /// Waits for the threads to end.
  ~ThreadPool();

  /// The number of threads, the caller's included.
  int size() const;

  /// Computes tiles [begin, end); `thread` is from 0 to size() - 1 and differs between threads that run at the same time. It
  /// must not throw.
  using Body = void (*)(void* context, int64_t begin, int64_t end, int thread);
  /// Calls body(context, begin, end, thread) on ranges that cover [0, tiles) once, and returns when all are done. Which thread
  /// gets which tiles is not determined.
  void run(int64_t tiles, Body body, void* context);

  static int available();  ///< The processors that this process may use, by its affinity mask and its container's limit.

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fovea
