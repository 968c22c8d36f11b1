// SPDX-License-Identifier: Apache-2.0
// Threads that share the tiles of one kernel at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace fovea {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // 1 or more, the caller's included; refuses others
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  int size() const;

  // Calls body(begin, end, thread) until [0, tiles) is covered; returns when all of it is done. `body` must not throw.
  using Body = void (*)(void* context, int64_t begin, int64_t end, int thread);
  void run(int64_t tiles, Body body, void* context);

  static int available();  // processors this process may use

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fovea
