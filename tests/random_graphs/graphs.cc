// SPDX-License-Identifier: Apache-2.0
// Random whole networks, each compiled and written in every way and compared with the interpreter of its linalg operations.
//
// Networks are processed in a process of their own, so that crashes and hangs are findings like any other.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "fovea/core/settings.h"
#include "tests/random_graphs/exported.h"
#include "tests/random_graphs/pipelines.h"

namespace fovea {
namespace {

struct Options {
  int64_t seed = 1, runs = 100, seconds = 0;
  int code = 2;  // pipelines to machine code for each network
  std::string only, exported;
  std::string folder = "build/graphs";
  bool quiet = false;
};

Purpose purpose_of(int64_t seed) {
  const int64_t kind = seed % 10;
  return kind < 5 ? Purpose::inference : kind < 8 ? Purpose::training : Purpose::integers;
}

RandomNetwork network_of(int64_t seed) {
  return random_network(static_cast<uint32_t>(seed), 2 + static_cast<int>(seed / 10 % 9), purpose_of(seed));
}

// The pipelines for a network: all that are cheap, and some of the others, different ones for each network.
std::vector<const Pipeline*> chosen_pipelines(const std::vector<Pipeline>& all, const Options& options, int64_t seed) {
  std::vector<const Pipeline*> cheap, expensive;
  for (const Pipeline& pipeline : all) {
    if (!options.only.empty() && options.only != pipeline.name) continue;
    if (std::ranges::find(pipeline.purposes, purpose_of(seed)) != pipeline.purposes.end())
      (pipeline.compiles ? expensive : cheap).push_back(&pipeline);
  }
  if (!options.only.empty()) {
    cheap.insert(cheap.end(), expensive.begin(), expensive.end());
    return cheap;
  }
  const auto count = std::min(static_cast<size_t>(options.code), expensive.size());
  for (size_t i = 0; i < count; ++i)
    cheap.push_back(expensive[(static_cast<size_t>(seed / 10) * count + i) % expensive.size()]);
  return cheap;
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// The child process prints one line before each pipeline, and one after it.
[[noreturn]] void work(const Options& options, int64_t from, int64_t to, int pipe) {
  std::FILE* out = fdopen(pipe, "w");
  const std::filesystem::path folder = std::filesystem::path(options.folder) / std::to_string(getpid());
  std::filesystem::create_directories(folder);
  const std::vector<Pipeline> all = pipelines(folder);
  for (int64_t seed = from; seed < to; ++seed) {
    fmt::print(out, "begin {} made\n", seed);
    std::fflush(out);
    alarm(240);
    std::unique_ptr<Subject> subject;
    try {
      subject = std::make_unique<Subject>(network_of(seed), purpose_of(seed));
      subject->reference();
    } catch (const std::exception& error) {
      fmt::print(out, "end {} {} {}\n", static_cast<int>(Outcome::wrong), 0, one_line(error.what()));
      continue;
    }
    for (const Pipeline* pipeline : chosen_pipelines(all, options, seed)) {
      fmt::print(out, "begin {} {}\n", seed, pipeline->name);
      std::fflush(out);
      Verdict verdict;
      const int unstable = subject->reference().unstable;
      try {
        verdict = pipeline->run(*subject);
      } catch (const std::exception& error) {
        verdict = {Outcome::wrong, error.what()};
      }
      fmt::print(out, "end {} {} {}\n", static_cast<int>(verdict.outcome), subject->reference().unstable - unstable,
                 one_line(verdict.words));
      std::fflush(out);
    }
  }
  std::fflush(out);
  std::filesystem::remove_all(folder);
  _exit(0);
}

// Reasons of one kind are counted together.
std::string general(const std::string& words) {
  std::string text;
  for (const char letter : words) {
    const bool digit = std::isdigit(static_cast<unsigned char>(letter)) != 0;
    if (!digit || text.empty() || text.back() != '#') text += digit ? '#' : letter;
  }
  return text;
}

struct Count {
  int64_t equal = 0, refused = 0, wrong = 0, unstable = 0;
};

class Tally {
 public:
  explicit Tally(const Options& options) : options_(options), start_(std::chrono::steady_clock::now()) {}

  void add(int64_t seed, const std::string& pipeline, Outcome outcome, int64_t unstable, const std::string& words) {
    Count& count = counts_[pipeline];
    count.unstable += unstable;
    if (outcome == Outcome::equal) ++count.equal;
    if (outcome == Outcome::refused) {
      ++count.refused;
      ++reasons_[general(words).substr(0, 110)];
    }
    if (outcome != Outcome::wrong) return;
    ++count.wrong;
    if (isatty(1) != 0) fmt::print("\r\x1b[K");
    fmt::print("graphs --seed {} --runs 1 --only \"{}\"  # {}\n", seed, pipeline, words.substr(0, 400));
    std::fflush(stdout);
    keep_text(seed);
  }

  void progress(int64_t done) const {
    if (options_.quiet || isatty(1) == 0) return;
    fmt::print("\r\x1b[K{} networks, {} comparisons, {} wrong, {:.0f} s", done, total().equal, total().wrong, seconds());
    std::fflush(stdout);
  }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  Count total() const {
    Count sum;
    for (const auto& [pipeline, count] : counts_) {
      sum.equal += count.equal;
      sum.refused += count.refused;
      sum.wrong += count.wrong;
    }
    return sum;
  }

  void print(int64_t done, bool reasons) const {
    if (isatty(1) != 0) fmt::print("\r\x1b[K");
    fmt::print("{} networks, seeds {} to {}, {:.0f} s\n", done, options_.seed, options_.seed + done - 1, seconds());
    fmt::print("{:<26}{:>9}{:>9}{:>9}{:>9}\n", "", "equal", "refused", "wrong", "unstable");
    for (const auto& [pipeline, count] : counts_)
      fmt::print("{:<26}{:>9}{:>9}{:>9}{:>9}\n", pipeline, count.equal, count.refused, count.wrong, count.unstable);
    for (const auto& [reason, count] : reasons_)
      if (reasons) fmt::print("refused {:>6}: {}\n", count, reason);
  }

 private:
  void keep_text(int64_t seed) const {
    const pid_t child = fork();  // MLIR is not used in this process
    if (child == 0) {
      alarm(60);
      std::ofstream(std::filesystem::path(options_.folder) / fmt::format("{}.mlir", seed))
          << network_of(seed).model.graph.text();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  }

  const Options& options_;
  std::chrono::steady_clock::time_point start_;
  std::map<std::string, Count> counts_;
  std::map<std::string, int64_t> reasons_;
};

std::string ending(int status) {
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGALRM) return "does not end within its time";
    return fmt::format("ends in signal {}", WTERMSIG(status));
  }
  return fmt::format("ends with status {}", WEXITSTATUS(status));
}

// Processes seeds [from, to) in a child process; returns the seed to go on with.
int64_t run_child(const Options& options, int64_t from, int64_t to, Tally& tally) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    work(options, from, to, ends[1]);
  }
  close(ends[1]);
  std::FILE* in = fdopen(ends[0], "r");
  char* line = nullptr;
  size_t capacity = 0;
  int64_t seed = from;
  std::string pipeline;
  bool open = false;
  while (getline(&line, &capacity, in) > 0) {
    std::istringstream words(line);
    std::string kind, rest;
    words >> kind;
    if (kind == "begin") {
      words >> seed;
      std::getline(words >> std::ws, pipeline);
      open = pipeline != "made";
      tally.progress(seed - options.seed);
      continue;
    }
    int outcome = 0;
    int64_t unstable = 0;
    words >> outcome >> unstable;
    std::getline(words >> std::ws, rest);
    tally.add(seed, pipeline, static_cast<Outcome>(outcome), unstable, rest);
    open = false;
  }
  std::free(line);
  std::fclose(in);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return to;
  tally.add(seed, open ? pipeline : "made", Outcome::wrong, 0, ending(status));
  return seed + 1;
}

int export_all(const Options& options) {
  std::filesystem::create_directories(options.exported);
  for (int64_t seed = options.seed; seed < options.seed + options.runs; ++seed)
    if (purpose_of(seed) == Purpose::inference) write_exported(options.exported, seed, network_of(seed));
  return 0;
}

int run(const Options& options) {
  set_settings({});  // without a cache
  std::filesystem::create_directories(options.folder);
  Tally tally(options);
  constexpr int64_t seeds_of_a_child = 100;
  int64_t seed = options.seed;
  const int64_t end = options.seed + options.runs;
  while (seed < end && (options.seconds == 0 || tally.seconds() < static_cast<double>(options.seconds)))
    seed = run_child(options, seed, std::min(end, seed + seeds_of_a_child), tally);
  tally.print(seed - options.seed, !options.quiet);
  return tally.total().wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fovea

int main(int argc, char** argv) {
  fovea::Options options;
  CLI::App app("Random whole networks against the interpreter.", "graphs");
  app.add_option("--seed", options.seed, "the first network's");
  app.add_option("--runs", options.runs, "how many networks");
  app.add_option("--seconds", options.seconds, "stop after so many (0: never)");
  app.add_option("--code", options.code, "pipelines to machine code for each network; the others are always taken");
  app.add_option("--only", options.only, "one pipeline, by its name in the table");
  app.add_option("--folder", options.folder, "where failing networks are kept");
  app.add_option("--export", options.exported, "only write the floating-point networks as ONNX files into this folder");
  app.add_flag("--quiet", options.quiet, "no progress, no reasons");
  CLI11_PARSE(app, argc, argv);
  return options.exported.empty() ? fovea::run(options) : fovea::export_all(options);
}
