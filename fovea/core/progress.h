// SPDX-License-Identifier: Apache-2.0
/// \file
/// The progress of long work, on standard error: a bar that is redrawn on a terminal, plain lines anywhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fovea {

/// A progress bar. For one thread at a time.
class Progress {
 public:
  /// With `quiet`, nothing is printed at all.
  explicit Progress(bool quiet);
  /// Removes a bar that is still drawn.
  ~Progress();

  /// What is counted. The speed is printed as units per second, divided by `scale`.
  struct Unit {
    const char* name = "images";  ///< plural, as it is printed
    double scale = 1;             ///< how many counted items make one printed unit
  };

  /// Starts a bar over `total` items, of which `done` were done before this process started (a resumed epoch); those do not
  /// count for the speed. The unit is images.
  void start(const std::string& title, int64_t total, int64_t done = 0) { start(title, total, done, Unit()); }
  /// The same with a unit.
  void start(const std::string& title, int64_t total, int64_t done, Unit unit);
  /// Redraws the bar at most ten times a second. `done` counts the items done of the total; `note` is printed beside it, e.g.
  /// "loss 0.123".
  void update(int64_t done, const std::string& note);
  /// Ends the bar and prints `line` in its place.
  void finish(const std::string& line);
  /// Prints a line of its own.
  void say(const std::string& line);

  /// Whether standard error is a terminal.
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

std::string duration_text(double seconds);  ///< Seconds rounded and written for a person: "8 s", "2 min 05 s", "1 h 02 min".

}  // namespace fovea
