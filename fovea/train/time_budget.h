// SPDX-License-Identifier: Apache-2.0
/// \file
/// The time that a run may take: how many epochs fit, by what the run has measured.
#pragma once

#include <chrono>
#include <cstdint>

namespace fovea {

/// When a run has to be over.
struct TimeLimit {
  std::chrono::steady_clock::time_point end;  ///< of everything: compiling, epochs, tests and files
  /// Above 0: the number of epochs of the whole network is chosen, at most so many, from the time that steps take. 0: it is the
  /// recipe's, and a run that does not get that far ends with its last whole epoch.
  int64_t most_epochs = 0;
};

/// The speed of work on many images, without the first part of it, which also compiles. One thread at a time.
class Pace {
 public:
  /// Says that `images` more are done.
  void add(int64_t images);
  /// How many are done.
  int64_t done() const { return done_; }
  /// How many of them were timed.
  int64_t measured() const { return done_ - first_; }
  /// Seconds of an image; 0 until some were timed.
  double seconds() const { return measured() > 0 ? seconds_ / static_cast<double>(measured()) : 0; }

 private:
  std::chrono::steady_clock::time_point since_;
  int64_t first_ = 0, done_ = 0;
  double seconds_ = 0;
};

/// What is left of a TimeLimit, and what fits in it. All times are in seconds. One thread at a time.
class TimeBudget {
 public:
  /// A part of what is left, at least a second, is kept for the files of the run.
  explicit TimeBudget(const TimeLimit& limit);

  /// Seconds until the work has to end, without those that are kept; negative when it should have ended.
  double left() const;
  /// What the run is to be tested with at its end takes so long.
  void set_test(double seconds) { test_ = seconds; }
  /// The time of a test.
  double test() const { return test_; }
  /// A step of the present phase takes so long.
  void set_step(double seconds) { step_ = seconds; }
  /// The time of a step; 0 when none was measured.
  double step() const { return step_; }

  /// Whether compiling the training step of the whole network and one epoch of it can be expected to fit, if compiling the
  /// forward pass took `compile` seconds, and an image takes `forward`.
  bool has_room_for(double compile, double forward, int64_t images) const;
  /// How many epochs of so many steps fit, each with a test: from 0 to TimeLimit::most_epochs. A tenth of the time is spared,
  /// because other work on the machine slows steps down.
  int64_t epochs(int64_t steps) const;
  /// Whether so many steps fit. If `tested` is false, the test that follows them has to fit, too.
  bool has_room_for_steps(int64_t steps, bool tested) const;
  /// The limit; valid as long as this object.
  const TimeLimit& limit() const { return limit_; }

 private:
  TimeLimit limit_;
  double kept_;
  double test_ = 0, step_ = 0;
};

}  // namespace fovea
