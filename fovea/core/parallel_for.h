// SPDX-License-Identifier: Apache-2.0
/// \file
/// Independent pieces of long work, shared among threads that are started for them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace fovea {

/// Calls work(i) for every i below `count`, in up to `threads` threads, of which the calling one is the first; the next free
/// thread takes the next i. Each thread begins with `auto work = begin();`, so that what `work` holds belongs to that thread.
/// After a failure no further call begins, and the first failure is thrown when all threads have ended.
template <typename Begin>
void parallel_for(size_t count, int threads, const Begin& begin) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr problem;
  const auto take = [&] {
    try {
      auto work = begin();
      for (size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < std::min(static_cast<size_t>(std::max(threads, 1)), count); ++i) helpers.emplace_back(take);
  take();
  for (std::thread& helper : helpers) helper.join();
  if (problem) std::rethrow_exception(problem);
}

}  // namespace fovea
