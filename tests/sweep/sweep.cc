// SPDX-License-Identifier: Apache-2.0
#include "tests/sweep/sweep.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <sstream>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/core/settings.h"

namespace fovea::sweep {
namespace {

constexpr size_t layers_in_batch = 24;
constexpr unsigned seconds_for_layer = 60;

using Batch = std::vector<Case>;

// Runs one batch in a child process, which prints a line "CASE<tab>REASON" for each finding and "end" when it is done.
class Child {
 public:
  Child(Batch batch, bool quiet) : batch_(std::move(batch)) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) fail("cannot make a pipe");
    process_ = fork();
    if (process_ < 0) fail("cannot start a process");
    if (process_ == 0) {
      close(ends[0]);
      work(ends[1], quiet);
    }
    close(ends[1]);
    pipe_ = ends[0];
  }

  int pipe_end() const { return pipe_; }
  const Batch& batch() const { return batch_; }

  // Reads output; false at its end.
  bool read() {
    std::array<char, 4096> part{};
    const ssize_t bytes = ::read(pipe_, part.data(), part.size());
    if (bytes > 0) said_.append(part.data(), static_cast<size_t>(bytes));
    return bytes > 0;
  }

  // Appends the findings; returns how the child ended, "" when it completed.
  std::string finish(std::vector<Finding>& findings) {
    close(pipe_);
    int status = 0;
    waitpid(process_, &status, 0);
    std::istringstream lines(said_);
    bool through = false;
    for (std::string line; std::getline(lines, line);) {
      const size_t tab = line.find('\t');
      through = line == "end";
      if (tab != std::string::npos) findings.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
    if (through) return "";
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return fmt::format("took more than {} s", seconds_for_layer);
    if (WIFSIGNALED(status)) return fmt::format("killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return fmt::format("ended with status {}", WEXITSTATUS(status));
  }

 private:
  [[noreturn]] void work(int to, bool quiet) {
    set_settings({});  // without a cache
    alarm(seconds_for_layer * static_cast<unsigned>(batch_.size()));
    if (quiet) dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    std::string lines;
    for (Finding finding : compare_together(batch_)) {
      std::ranges::replace(finding.reason, '\n', ' ');
      lines += finding.layer + "\t" + finding.reason + "\n";
    }
    lines += "end\n";
    const ssize_t written = write(to, lines.data(), lines.size());
    _exit(written == static_cast<ssize_t>(lines.size()) ? 0 : 1);
  }

  Batch batch_;
  pid_t process_ = -1;
  int pipe_ = -1;
  std::string said_;
};

std::deque<Batch> batches_of(const std::vector<Case>& layers) {
  std::deque<Batch> full, open;
  for (const Case& layer : layers) {
    auto fitting = std::ranges::find_if(open, [&](const Batch& batch) { return go_together(batch[0], layer); });
    if (fitting == open.end()) fitting = open.insert(open.end(), Batch{});
    fitting->push_back(layer);
    if (fitting->size() < layers_in_batch) continue;
    full.push_back(std::move(*fitting));
    open.erase(fitting);
  }
  full.insert(full.end(), open.begin(), open.end());
  return full;
}

}  // namespace

int64_t sweep(const std::vector<Case>& layers, const Options& options) {
  std::deque<Batch> waiting = batches_of(layers);
  std::vector<std::unique_ptr<Child>> running;
  Progress progress{.all = std::ssize(layers)};
  const auto start = std::chrono::steady_clock::now();
  const auto finish = [&](Child& child) {
    std::vector<Finding> findings;
    const std::string end = child.finish(findings);
    const Batch& batch = child.batch();
    // Each case is run alone to find out which one it was.
    if (!end.empty() && batch.size() > 1) {
      for (const Case& layer : batch) waiting.push_front({layer});
      return;
    }
    if (!end.empty()) findings.push_back({to_string(batch[0]), end});
    progress.compared += std::ssize(batch);
    progress.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    for (const Finding& finding : findings) options.found(finding);
    if (options.progress) options.progress(progress);
  };
  while (!waiting.empty() || !running.empty()) {
    while (!waiting.empty() && std::ssize(running) < options.processes) {
      running.push_back(std::make_unique<Child>(std::move(waiting.front()), options.quiet));
      waiting.pop_front();
    }
    std::vector<pollfd> ends;
    for (const auto& child : running) ends.push_back({child->pipe_end(), POLLIN, 0});
    poll(ends.data(), ends.size(), -1);
    for (size_t i = ends.size(); i-- > 0;) {
      if (ends[i].revents == 0 || running[i]->read()) continue;
      finish(*running[i]);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return progress.compared;
}

std::vector<Case> drawn(uint64_t seed, int64_t count) {
  constexpr uint64_t stream = 0x5eed;
  Random random(seed, stream);
  std::vector<Case> layers;
  while (std::ssize(layers) < count) {
    Case layer;
    if (case_at(random.below(static_cast<uint32_t>(case_count())), seed, layer)) layers.push_back(layer);
  }
  return layers;
}

std::vector<Case> enumerated(int64_t begin, int64_t end, uint64_t seed) {
  std::vector<Case> layers;
  for (int64_t index = begin; index < end; ++index) {
    Case layer;
    if (case_at(index, seed, layer)) layers.push_back(layer);
  }
  return layers;
}

}  // namespace fovea::sweep
