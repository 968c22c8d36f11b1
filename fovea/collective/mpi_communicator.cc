// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/mpi_communicator.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <vector>

#include "fovea/collective/exchange.h"
#include "fovea/collective/mpi_library.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int data_tag = 1, notice_tag = 2;
constexpr int any_source = -1, serialized = 2;  // MPI_ANY_SOURCE, MPI_THREAD_SERIALIZED
constexpr size_t most_bytes = size_t{1} << 30;
constexpr size_t longest_text = 1000;
constexpr double grace = 1;             // seconds in which processes that are alive answer a notice
constexpr double longest_farewell = 5;  // seconds in which a process that fails says so and ends the others

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What a process tells all others when it cannot go on.
struct Notice {
  enum class Kind : int32_t { failed, waiting };
  Kind kind = Kind::failed;
  int32_t waits_for = -1;  // the process that has not answered
  char text[longest_text + 1] = {};
};

// Gives the processor away while there is nothing to do: others may need it to compute what is waited for.
class Patience {
 public:
  void wait() {
    ++turns_;
    if (turns_ < 100) return;
    if (turns_ < 2000) {
      ::sched_yield();
    } else {
      ::usleep(50);
    }
  }
  bool time_to_look() const { return turns_ % 64 == 0; }

 private:
  int64_t turns_ = 0;
};

class MpiCommunicator : public Communicator {
 public:
  explicit MpiCommunicator(const MpiOptions& options) : mpi_(mpi_library()), stall_limit_(options.stall_limit) {
    int provided = 0;
    check(mpi_.init_thread(nullptr, nullptr, serialized, &provided), "MPI_Init_thread");
    if (provided < serialized) fail(ErrorCode::unavailable, "this Open MPI was built without threads, which fovea needs");
    check(mpi_.comm_set_errhandler(mpi_.world, mpi_.errors_return), "MPI_Comm_set_errhandler");
    check(mpi_.comm_rank(mpi_.world, &rank_), "MPI_Comm_rank");
    check(mpi_.comm_size(mpi_.world, &size_), "MPI_Comm_size");
    char host[256] = {};  // MPI_MAX_PROCESSOR_NAME of Open MPI
    int length = 0;
    check(mpi_.get_processor_name(host, &length), "MPI_Get_processor_name");
    hosts_ = gather(*this, std::string(host, static_cast<size_t>(length)));
  }

  ~MpiCommunicator() override {
    if (!failed_) mpi_.finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::string name_of(int rank) const override {
    const auto place = static_cast<size_t>(rank);
    const std::string host = place < hosts_.size() ? " on " + hosts_[place] : "";
    return fmt::format("process {} of {}{}", rank, size_, host);
  }

  void exchange(std::span<const std::byte> sent, int to, std::span<std::byte> received, int from) override {
    while (!sent.empty() || !received.empty()) {
      const std::span<const std::byte> out = sent.first(std::min(sent.size(), most_bytes));
      const std::span<std::byte> in = received.first(std::min(received.size(), most_bytes));
      MpiLibrary::Handle sending = nullptr, receiving = nullptr;
      if (!in.empty()) {
        check(mpi_.irecv(in.data(), static_cast<int>(in.size()), mpi_.byte, from, data_tag, mpi_.world, &receiving),
              "MPI_Irecv");
      }
      if (!out.empty()) {
        check(mpi_.isend(out.data(), static_cast<int>(out.size()), mpi_.byte, to, data_tag, mpi_.world, &sending), "MPI_Isend");
      }
      wait_for(sending, !out.empty(), to, receiving, !in.empty(), from);
      sent = sent.subspan(out.size());
      received = received.subspan(in.size());
    }
  }

  bool announce_failure(const std::string& message) override {
    speaks_ = true;
    if (failed_) return true;
    failed_ = true;
    Notice notice;
    message.copy(notice.text, longest_text);
    tell_all(notice);
    // Processes before this one that fail in the same way do so at the same time.
    const Clock::time_point start = Clock::now();
    while (rank_ > 0 && seconds_since(start) < grace) {
      for (const auto& [from, heard] : hear()) {
        if (from < rank_ && std::strcmp(heard.text, notice.text) == 0) return speaks_ = false;
      }
      ::usleep(1000);
    }
    return true;
  }

  void abandon(int status) override {
    for (const Clock::time_point start = Clock::now(); !speaks_ && seconds_since(start) < longest_farewell;) {
      hear();  // which also sends what is still to be sent
      ::usleep(1000);
    }
    mpi_.abort(mpi_.world, status);
  }

 private:
  void check(int code, const char* function) {
    if (code == 0) return;
    char text[512] = {};  // MPI_MAX_ERROR_STRING is 256
    int length = 0;
    mpi_.error_string(code, text, &length);
    fail(ErrorCode::unavailable, "{} of {} failed: {}", function, name_of(rank_),
         std::string(text, static_cast<size_t>(length)));
  }

  void wait_for(MpiLibrary::Handle sending, bool sends, int to, MpiLibrary::Handle receiving, bool receives, int from) {
    const Clock::time_point start = Clock::now();
    MpiStatus status{};
    Patience patience;
    while (sends || receives) {
      int done = 0;
      if (receives) {
        check(mpi_.test(&receiving, &done, &status), "MPI_Test");
        receives = done == 0;
      }
      if (sends) {
        check(mpi_.test(&sending, &done, &status), "MPI_Test");
        sends = done == 0;
      }
      if (!sends && !receives) return;
      patience.wait();
      if (patience.time_to_look()) look_around(receives ? from : to, seconds_since(start));
    }
  }

  // While this process waits for another one: whether somebody has failed, or the other one takes too long.
  void look_around(int waits_for, double seconds) {
    bool stalled = seconds > stall_limit_;
    for (const auto& [from, notice] : hear()) {
      if (notice.kind == Notice::Kind::failed) {
        failed_ = true;
        throw PeerFailure(fmt::format("{}: {}", name_of(from), notice.text));
      }
      stalled = true;
    }
    if (stalled) fail_stalled(waits_for);
  }

  // Everybody who waits says for whom. The process at the end of such a chain says nothing: it is the one that is stuck.
  [[noreturn]] void fail_stalled(int waits_for) {
    failed_ = true;
    Notice own{.kind = Notice::Kind::waiting, .waits_for = waits_for};
    tell_all(own);
    waiting_[rank_] = waits_for;
    const Clock::time_point start = Clock::now();
    while (seconds_since(start) < grace) {
      hear();
      ::usleep(1000);
    }
    int stuck = rank_;
    for (int steps = 0; steps <= size_ && waiting_.contains(stuck); ++steps) stuck = waiting_.at(stuck);
    const std::string message = fmt::format("{} has not answered for {:.3g} s (--stall-limit)", name_of(stuck), stall_limit_);
    if (rank_ != waiting_.begin()->first) throw PeerFailure(message);  // the first one that waits says so
    fail(ErrorCode::unavailable, "{}", message);
  }

  // The notices that have arrived, with their senders.
  std::vector<std::pair<int, Notice>> hear() {
    std::vector<std::pair<int, Notice>> heard;
    for (;;) {
      int found = 0;
      MpiStatus status{};
      check(mpi_.iprobe(any_source, notice_tag, mpi_.world, &found, &status), "MPI_Iprobe");
      if (found == 0) return heard;
      Notice notice;
      check(mpi_.recv(&notice, sizeof notice, mpi_.byte, status.source, notice_tag, mpi_.world, &status), "MPI_Recv");
      notice.text[longest_text] = '\0';
      if (notice.kind == Notice::Kind::waiting) waiting_[status.source] = notice.waits_for;
      heard.emplace_back(status.source, notice);
    }
  }

  // The messages are small enough to be on their way at once, whether or not anybody waits for them.
  void tell_all(const Notice& notice) {
    said_ = notice;
    for (int to = 0; to < size_; ++to) {
      if (to == rank_) continue;
      MpiLibrary::Handle request = nullptr;
      int done = 0;
      MpiStatus status{};
      if (mpi_.isend(&said_, sizeof said_, mpi_.byte, to, notice_tag, mpi_.world, &request) != 0) continue;
      mpi_.test(&request, &done, &status);
    }
  }

  const MpiLibrary& mpi_;
  double stall_limit_;
  int rank_ = 0, size_ = 1;
  std::vector<std::string> hosts_;
  bool failed_ = false, speaks_ = false;
  std::map<int, int> waiting_;  // who waits for whom, as far as it is known
  Notice said_;                 // what is being sent
};

}  // namespace

std::unique_ptr<Communicator> join_mpi(const MpiOptions& options) { return std::make_unique<MpiCommunicator>(options); }

}  // namespace fovea
