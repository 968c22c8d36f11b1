// SPDX-License-Identifier: Apache-2.0
// Frames of video, from standard input or a camera, and the answer for each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/answers.h"
#include "fovea/workflows/classify.h"

namespace fovea {

struct FrameOptions {
  std::string format;  // as frame_format_named() takes it; empty: no frames, or what a camera has
  int64_t every = 1;   // answers for frames 1, 1 + every, 1 + 2 every...

  bool asked() const { return !format.empty() || every > 1; }
};

// Adds --frames and --every.
void add_frame_options(CLI::App& app, FrameOptions& options);

// Answers for the frames of `source`, "-" or a camera, until it ends or Ctrl-C is pressed, and says how many there were. Fails
// when frames could not be read.
void classify_frames(const std::string& source, const FrameOptions& options, ImageClassifier& classifier,
                     const ImageInput& input, const std::vector<std::string>& labels, double threshold, Answers& answers,
                     ThreadPool& threads);

}  // namespace fovea
