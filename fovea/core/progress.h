// SPDX-License-Identifier: Apache-2.0
// How far a run has come, on standard error: a bar that is redrawn on a terminal, plain lines anywhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fovea {

class Progress {
 public:
  // quiet: nothing at all.
  explicit Progress(bool quiet);
  ~Progress();

  // What is counted: its rate is printed as done / scale a second.
  struct Unit {
    const char* name = "images";
    double scale = 1;
  };

  // A new bar of `total`, of which `done` were done before (a resumed epoch).
  void start(const std::string& title, int64_t total, int64_t done = 0) { start(title, total, done, Unit()); }
  void start(const std::string& title, int64_t total, int64_t done, Unit unit);
  // Redraws at most ten times a second: `done` of the total, and what there is to say, e.g. "loss 0.123".
  void update(int64_t done, const std::string& note);
  // Ends the bar and leaves `line` in its place.
  void finish(const std::string& line);
  // A line of its own.
  void say(const std::string& line);

  bool terminal() const { return terminal_; }

 private:
  void clear();

  using Clock = std::chrono::steady_clock;
  bool quiet_, terminal_;
  bool drawn_ = false;
  std::string title_;
  Unit unit_;
  int64_t total_ = 0, before_ = 0;
  Clock::time_point start_, drawn_at_;
};

std::string duration_text(double seconds);  // "8 s", "2 min 05 s", "1 h 02 min"

}  // namespace fovea
