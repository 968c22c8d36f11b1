// SPDX-License-Identifier: Apache-2.0
// Threads of one process that speak as processes do, for tests without MPI.
#pragma once

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fovea/collective/communicator.h"

namespace fovea {

// The messages that are on their way, by sender and receiver.
class Mail {
 public:
  void put(int from, int to, std::span<const std::byte> bytes) {
    std::lock_guard lock(mutex_);
    letters_[{from, to}].emplace_back(bytes.begin(), bytes.end());
    changed_.notify_all();
  }
  std::vector<std::byte> take(int from, int to) {
    std::unique_lock lock(mutex_);
    auto& letters = letters_[{from, to}];
    changed_.wait(lock, [&] { return !letters.empty(); });
    std::vector<std::byte> bytes = std::move(letters.front());
    letters.pop_front();
    return bytes;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int, int>, std::deque<std::vector<std::byte>>> letters_;
};

class ThreadProcess : public Communicator {
 public:
  ThreadProcess(Mail& mail, int rank, int size) : mail_(mail), rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string name_of(int rank) const override { return fmt::format("process {} of {}", rank, size_); }
  void exchange(std::span<const std::byte> sent, int to, std::span<std::byte> received, int from) override {
    if (!sent.empty()) mail_.put(rank_, to, sent);
    if (received.empty()) return;
    const std::vector<std::byte> bytes = mail_.take(from, rank_);
    if (bytes.size() != received.size()) fail("{} bytes arrived, {} were expected", bytes.size(), received.size());
    std::memcpy(received.data(), bytes.data(), bytes.size());
  }
  bool announce_failure(const std::string&) override { return true; }
  void abandon(int) override {}

 private:
  Mail& mail_;
  int rank_, size_;
};

// Calls `work` in `size` threads at once, each as one process.
inline void run_as_processes(int size, const std::function<void(Communicator&)>& work) {
  Mail mail;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadProcess process(mail, rank, size);
      work(process);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace fovea
