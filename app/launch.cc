// SPDX-License-Identifier: Apache-2.0
// fovea launch -n P [--hosts FILE] [--restarts N] -- train ...: a training in several processes, which goes on after a death.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>

#include "app/child.h"
#include "app/command.h"
#include "app/environment.h"
#include "app/exit_status.h"
#include "app/hosts.h"
#include "app/interrupt.h"
#include "app/mpi_messages.h"
#include "fovea/core/error.h"
#include "fovea/train/checkpoint.h"

namespace fovea {
namespace {

struct LaunchOptions {
  int processes = 0;  // 0: as many as the machines have room for
  int restarts = 0;
  std::string hosts;
  std::vector<std::string> command;
};

// The value of --out among the words of a command; empty without it.
std::string run_folder(const std::vector<std::string>& command) {
  const std::string option = "--out";
  for (size_t i = 0; i < command.size(); ++i) {
    if (command[i] == option && i + 1 < command.size()) return command[i + 1];
    if (command[i].starts_with(option + "=")) return command[i].substr(option.size() + 1);
  }
  return {};
}

// The command that goes on with the run: from its last checkpoint, or from the start where there is none yet.
std::vector<std::string> again(std::vector<std::string> command) {
  std::erase(command, "--overwrite");
  std::erase(command, "--resume");
  command.push_back(has_checkpoint(run_folder(command)) ? "--resume" : "--overwrite");
  return command;
}

// How mpirun is called. Processes are not bound to cores, because each has threads.
std::vector<std::string> mpirun_words(int processes, const std::vector<Host>& hosts, const std::vector<std::string>& command) {
  std::vector<std::string> words{"mpirun", "-n", std::to_string(processes), "--bind-to", "none"};
  if (::geteuid() == 0) words.push_back("--allow-run-as-root");
  if (hosts.empty()) {
    words.push_back("--oversubscribe");  // on this machine alone as many as are asked for
  } else {
    words.insert(words.end(), {"--host", hosts_text(hosts)});
  }
  words.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

// One attempt; returns its exit status. The first signal asks all processes to save and to stop, a second one ends them. When a
// process has said that all end, mpirun may still wait for a machine that it cannot reach, and is ended, too.
int run_once(const std::vector<std::string>& words, const InterruptGuard& guard) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds longest_end(10);
  MpiMessages messages;
  std::optional<Clock::time_point> failed;
  Child mpirun(words, {.on_line = [&](const std::string& line) {
                 if (!failed && line.starts_with("fovea: ")) failed = Clock::now();
                 for (const std::string& said : messages.read(line)) fmt::print(stderr, "{}\n", said);
               }});
  bool told = false;
  const int status = mpirun.wait([&] {
    if (failed && Clock::now() - *failed > longest_end) mpirun.kill_all();
    if (told || guard.signal().empty()) return;
    told = true;
    mpirun.signal(SIGUSR1);
  });
  for (const std::string& said : messages.finish()) fmt::print(stderr, "{}\n", said);
  return status;
}

[[noreturn]] void end_with(int status) {
  const ErrorCode code = status == exit_refused       ? ErrorCode::invalid_argument
                         : status == exit_interrupted ? ErrorCode::cancelled
                                                      : ErrorCode::unavailable;
  fail(code, "the training has ended with status {}", status);
}

void check(const LaunchOptions& options) {
  if (options.command.empty() || options.command.front() != "train")
    refuse("launch starts fovea train; write: fovea launch -n 4 -- train MODEL --data SPEC --out DIR");
  if (options.restarts > 0 && run_folder(options.command).empty())
    refuse("--restarts needs the run's folder: -- train ... --out DIR");
  if (options.processes == 0 && options.hosts.empty()) refuse("how many processes? -n N, or --hosts FILE");
}

void launch(const LaunchOptions& options) {
  check(options);
  std::vector<Host> hosts;
  if (!options.hosts.empty()) hosts = read_hosts(options.hosts);
  const InterruptGuard guard;
  std::vector<std::string> command = options.command;
  for (int attempt = 0;; ++attempt) {
    const int room = slots_of(hosts), asked = options.processes;
    if (attempt == 0 && !hosts.empty() && asked > room)
      refuse("{} processes do not fit the {} slots of {}", asked, room, options.hosts);
    const int processes = hosts.empty() ? asked : asked == 0 ? room : std::min(asked, room);
    const int status = run_once(mpirun_words(processes, hosts, command), guard);
    if (status == 0) return;
    // A request that was wrong stays wrong, and who stops a run does not want it to start again.
    if (status == exit_refused || status == exit_interrupted || !guard.signal().empty() || attempt == options.restarts)
      end_with(status);
    const size_t before = hosts.size();
    if (!hosts.empty()) hosts = reachable(hosts, launch_agent());
    if (before > 0 && hosts.empty()) fail(ErrorCode::unavailable, "no machine of {} answers", options.hosts);
    command = again(options.command);
    fmt::print(stderr, "launch: status {}; starting again, {} of {}{}, {}\n", status, attempt + 1, options.restarts,
               before > 0 ? fmt::format(", on {} of {} machines", hosts.size(), before) : "",
               command.back() == "--resume" ? "from the last checkpoint" : "from the beginning, there is no checkpoint yet");
  }
}

}  // namespace

Command launch_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("launch", "start a training in several processes, on one machine or on many");
  auto options = std::make_shared<LaunchOptions>();
  app->add_option("-n", options->processes, "how many processes (as many as the machines have slots for)")
      ->check(between(1, 1 << 16));
  app->add_option("--hosts", options->hosts, "the machines: a file with a line \"NAME slots=N\" for each (this machine alone)");
  app->add_option("--restarts", options->restarts,
                  "how many times to start again from the last checkpoint, on the machines that still answer (0)")
      ->check(between(0, 1000000));
  app->add_option("COMMAND", options->command, "after --: train and its arguments")->required();
  return {app, [options] { launch(*options); }};
}

}  // namespace fovea
