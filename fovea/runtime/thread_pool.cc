// SPDX-License-Identifier: Apache-2.0
#include "fovea/runtime/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr int most_threads = 1024;

// Kernels follow one another within microseconds, so a thread spins for this long before it sleeps. A longer wait would take
// processor time from others.
constexpr std::chrono::microseconds patience{30};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until `word` is no longer `old`, first spinning and then asleep.
void wait_while_equal(const std::atomic<uint32_t>& word, uint32_t old) {
  const auto started = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 64; ++i) {
      if (word.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() - started < patience);
  word.wait(old, std::memory_order_seq_cst);
}

// What is left of one thread's share of the tiles, with begin and end in one word so that a claim is one compare-exchange.
// While a claim's tiles are not done, the caller cannot start the next job; that is why a thread that claimed may read the job.
struct alignas(128) Share {
  std::atomic<uint64_t> word{0};

  static uint64_t pack(uint32_t begin, uint32_t end) { return uint64_t{begin} << 32 | end; }

  void give(uint32_t begin, uint32_t end) { word.store(pack(begin, end), std::memory_order_release); }

  // Takes about half of what is left, from the front for the owner and from the back for others. Halving ends in single tiles,
  // so a thread that lost its processor delays the others little, at the cost of few calls of the kernel.
  bool claim(bool owner, uint32_t& begin, uint32_t& end) {
    uint64_t seen = word.load(std::memory_order_relaxed);
    for (;;) {
      const auto first = static_cast<uint32_t>(seen >> 32);
      const auto last = static_cast<uint32_t>(seen);
      if (first >= last) return false;
      const uint32_t count = (last - first + 1) / 2;
      begin = owner ? first : last - count;
      end = begin + count;
      const uint64_t left = owner ? pack(end, last) : pack(first, begin);
      if (word.compare_exchange_weak(seen, left, std::memory_order_acq_rel, std::memory_order_relaxed)) return true;
    }
  }
};

int64_t cgroup_processors() {
  // The file holds "max 100000" or "QUOTA PERIOD" in microseconds: a container's limit, which the affinity mask does not show.
  FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re");
  if (file == nullptr) return 0;
  long quota = 0, period = 0;
  const int fields = std::fscanf(file, "%ld %ld", &quota, &period);
  std::fclose(file);
  return fields == 2 && quota > 0 && period > 0 ? std::max(1L, (quota + period - 1) / period) : 0;
}

}  // namespace

struct ThreadPool::Implementation {
  struct Job {
    int64_t tiles = 0;
    int64_t grain = 1;  // tiles in one unit of a share: 1 unless there are more tiles than a share can count
    Body body = nullptr;
    void* context = nullptr;
  };

  explicit Implementation(int threads) : shares(static_cast<size_t>(threads)) {
    workers.reserve(shares.size() - 1);
    for (int thread = 1; thread < threads; ++thread) workers.emplace_back([this, thread] { work(thread); });
  }

  ~Implementation() {
    stopping.store(true, std::memory_order_seq_cst);
    generation.fetch_add(1, std::memory_order_seq_cst);
    generation.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  void work(int thread) {
    uint32_t seen = 0;
    for (;;) {
      wait_while_equal(generation, seen);
      seen = generation.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_acquire)) return;
      compute(thread);
    }
  }

  // Takes its own tiles first, because this thread's caches hold what it computed in the kernel before; then what other threads
  // have left.
  void compute(int thread) {
    const size_t count = shares.size();
    for (size_t i = 0; i < count; ++i) {
      Share& share = shares[(static_cast<size_t>(thread) + i) % count];
      uint32_t begin = 0, end = 0, done = 0;
      while (share.claim(i == 0, begin, end)) {
        job.body(job.context, begin * job.grain, std::min(end * job.grain, job.tiles), thread);
        // reported together below: while units are not reported, the job stays valid and more may be claimed
        done += end - begin;
      }
      if (done != 0) finish(done);
    }
  }

  void finish(uint32_t units) {
    if (pending.fetch_sub(units, std::memory_order_seq_cst) == units) pending.notify_one();
  }

  void run(int64_t tiles, Body body, void* context) {
    const std::lock_guard<std::mutex> one_job_at_a_time(mutex);
    const auto threads = static_cast<int64_t>(shares.size());
    job = {tiles, (tiles >> 30) + 1, body, context};
    const int64_t units = (tiles + job.grain - 1) / job.grain;
    pending.store(static_cast<uint32_t>(units), std::memory_order_relaxed);
    for (int64_t thread = 0; thread < threads; ++thread) {
      shares[static_cast<size_t>(thread)].give(static_cast<uint32_t>(units * thread / threads),
                                               static_cast<uint32_t>(units * (thread + 1) / threads));
    }
    generation.fetch_add(1, std::memory_order_seq_cst);
    generation.notify_all();
    compute(0);
    for (uint32_t left; (left = pending.load(std::memory_order_acquire)) != 0;) wait_while_equal(pending, left);
  }

  std::vector<Share> shares;
  Job job;
  std::mutex mutex;
  alignas(128) std::atomic<uint32_t> generation{0};
  alignas(128) std::atomic<uint32_t> pending{0};
  std::atomic<bool> stopping{false};
  std::vector<std::thread> workers;
};

ThreadPool::ThreadPool(int threads) {
  if (threads < 1 || threads > most_threads) refuse("{} threads: from 1 to {} can be used", threads, most_threads);
  implementation_ = std::make_unique<Implementation>(threads);
}

ThreadPool::~ThreadPool() = default;

int ThreadPool::size() const { return static_cast<int>(implementation_->shares.size()); }

void ThreadPool::run(int64_t tiles, Body body, void* context) {
  if (tiles <= 0) return;
  if (tiles == 1 || size() == 1) {
    body(context, 0, tiles, 0);
  } else {
    implementation_->run(tiles, body, context);
  }
}

int ThreadPool::available() {
  int64_t processors = std::thread::hardware_concurrency();
#ifdef __linux__
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) processors = CPU_COUNT(&allowed);
  if (const int64_t limit = cgroup_processors(); limit > 0) processors = std::min(processors, limit);
#endif
  return static_cast<int>(std::clamp<int64_t>(processors, 1, most_threads));
}

}  // namespace fovea
