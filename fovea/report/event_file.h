// SPDX-License-Identifier: Apache-2.0
// TensorBoard event files with scalar summaries: a TFRecord per tensorflow.Event.
//
//     Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
//     Summary { repeated Value value = 1; }   Value { string tag = 1; float simple_value = 2; }
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fovea/report/append_file.h"

namespace fovea {

class EventFile {
 public:
  // Opens DIR/events.out.tfevents.fovea. With `first_step` 0 the file starts anew; else it goes on after the events of earlier
  // steps: a record left half written by a killed run, and the events at or after `first_step`, which will come again, are cut
  // off.
  explicit EventFile(const std::filesystem::path& folder, int64_t first_step = 0);

  // One event with all of `scalars`; in the file when the call returns.
  void write(int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

 private:
  AppendFile file_;
};

// What a file holds, for tests and for looking: stops at the first incomplete or damaged record.
struct ScalarEvent {
  int64_t step = 0;
  std::string tag;
  float value = 0;
};
std::vector<ScalarEvent> read_events(const std::filesystem::path& path);

}  // namespace fovea
