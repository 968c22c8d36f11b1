// SPDX-License-Identifier: Apache-2.0
// The program of ./dev sweep.
#include <CLI/CLI.hpp>
#include <iostream>

#include "fovea/core/error.h"
#include "tests/sweep/sweep.h"

namespace fovea::sweep {
namespace {

struct Arguments {
  uint64_t seed = 1;
  int64_t runs = 0, begin = 0, end = case_count();
  int processes = 2;
  std::vector<std::string> layers;
  std::string stage;
};

std::string time_text(double seconds) {
  const auto minutes = static_cast<int64_t>(seconds / 60);
  return fmt::format("{}:{:02}", minutes / 60, minutes % 60);
}

// Sweeps over a part of the work at a time, so that an interrupted sweep knows where it was.
class Sweeper {
 public:
  Sweeper(const Arguments& arguments, int64_t all) : arguments_(arguments), all_(all) {}

  void run(const std::vector<Case>& layers, const std::string& where) {
    const Options options{.processes = arguments_.processes,
                          .quiet = arguments_.layers.empty(),
                          .found =
                              [&](const Finding& finding) {
                                ++findings_;
                                std::cout << finding.layer << "\n  " << finding.reason << std::endl;
                              },
                          .progress = {}};
    const auto start = std::chrono::steady_clock::now();
    compared_ += sweep(layers, options);
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double rate = static_cast<double>(compared_) / seconds_;
    std::cerr << fmt::format("{}: {} compared, {} findings, {:.1f} a second, {} left\n", where, compared_, findings_, rate,
                             time_text(static_cast<double>(all_ - compared_) / rate));
  }

  int finish() const {
    std::cout << fmt::format("{} layers compared in {:.0f} s, {} findings\n", compared_, seconds_, findings_);
    return findings_ > 0 ? 1 : 0;
  }

 private:
  const Arguments& arguments_;
  int64_t all_, compared_ = 0, findings_ = 0;
  double seconds_ = 0;
};

int run(const Arguments& arguments) {
  constexpr int64_t part = 500;
  if (!arguments.layers.empty()) {
    std::vector<Case> layers;
    for (const std::string& text : arguments.layers) layers.push_back(case_named(text));
    for (const Case& layer : layers)
      if (!fits(layer)) refuse("its window does not fit: {}", to_string(layer));
    if (!arguments.stage.empty()) {
      for (const Case& layer : layers) std::cout << lowered(layer, arguments.stage);
      return 0;
    }
    Sweeper sweeper(arguments, std::ssize(layers));
    sweeper.run(layers, "given");
    return sweeper.finish();
  }
  if (arguments.runs > 0) {
    const std::vector<Case> layers = drawn(arguments.seed, arguments.runs);
    Sweeper sweeper(arguments, arguments.runs);
    for (int64_t at = 0; at < arguments.runs; at += part)
      sweeper.run({layers.begin() + at, layers.begin() + std::min(at + part, arguments.runs)},
                  fmt::format("seed {}, {} of {}", arguments.seed, std::min(at + part, arguments.runs), arguments.runs));
    return sweeper.finish();
  }
  const int64_t end = std::min(arguments.end, case_count());
  Sweeper sweeper(arguments, std::ssize(enumerated(arguments.begin, end, arguments.seed)));
  for (int64_t at = arguments.begin; at < end; at += part)
    sweeper.run(enumerated(at, std::min(at + part, end), arguments.seed),
                fmt::format("seed {}, --from {} --to {}", arguments.seed, std::min(at + part, end), end));
  return sweeper.finish();
}

}  // namespace
}  // namespace fovea::sweep

int main(int count, char** words) {
  using namespace fovea::sweep;
  Arguments arguments;
  CLI::App app("layers of all shapes, compiled, against plain loops; without --runs all of them, which takes hours");
  app.add_option("--seed", arguments.seed, "draws what the number of a case leaves open")->capture_default_str();
  app.add_option("--runs", arguments.runs, "so many random cases");
  app.add_option("--from", arguments.begin, "the first number, where an interrupted sweep goes on")->capture_default_str();
  app.add_option("--to", arguments.end, "the number to stop before")->capture_default_str();
  app.add_option("--processes", arguments.processes)->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--case", arguments.layers, "cases by the lines that name them, instead");
  app.add_option("--stage", arguments.stage,
                 "prints a stage of the given cases' compilation (kernels, tiles...) and runs nothing");
  CLI11_PARSE(app, count, words);
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "sweep: " << error.what() << "\n";
    return 2;
  }
}
