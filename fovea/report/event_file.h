// SPDX-License-Identifier: Apache-2.0
/// \file
/// TensorBoard event files with scalar summaries: one TFRecord for each tensorflow.Event.
///
///     Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
///     Summary { repeated Value value = 1; }   Value { string tag = 1; float simple_value = 2; }
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fovea/report/append_file.h"

namespace fovea {

/// An event file that is being written. One thread at a time.
class EventFile {
 public:
  /// Opens DIR/events.out.tfevents.fovea. With `first_step` 0 the file starts empty. Otherwise the events of earlier steps
  /// stay; an incomplete record that a killed run left, and the events from `first_step` on, which will be written again, are
  /// removed.
  explicit EventFile(const std::filesystem::path& folder, int64_t first_step = 0);

  /// Writes one event with all of `scalars`; it is in the file when the call returns.
  void write(int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

 private:
  AppendFile file_;
};

/// A scalar in an event file.
struct ScalarEvent {
  int64_t step = 0;  ///< training step
  std::string tag;   ///< name of the curve
  float value = 0;   ///< value at that step
};
/// The scalars of a file, for tests and inspection. Stops at the first incomplete or corrupt record.
std::vector<ScalarEvent> read_events(const std::filesystem::path& path);

}  // namespace fovea
