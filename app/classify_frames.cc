// SPDX-License-Identifier: Apache-2.0
#include "app/classify_frames.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "app/interrupt.h"
#include "fovea/core/error.h"
#include "fovea/data/frames/camera.h"
#include "fovea/data/frames/pipe_frames.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<FrameSource> source_of(const std::string& source, const FrameOptions& options, const StopQuestion& stop) {
  std::optional<fovea_frame_format> format;
  if (!options.format.empty()) format = frame_format_named(options.format);
  if (source == "-") return std::make_unique<PipeFrames>(STDIN_FILENO, *format, stop);
  auto camera = std::make_unique<CameraFrames>(open_video_device(source), source, format, stop);
  fmt::print(stderr, "{}: {}\n", source, text_of(camera->format()));
  return camera;
}

struct FrameCounts {
  int64_t all = 0, answered = 0, damaged = 0;
};

}  // namespace

void add_frame_options(CLI::App& app, FrameOptions& options) {
  app.add_option("--frames", options.format,
                 "video: mjpeg, or pixels of one size as ffmpeg calls them, rgb24:640x480, with rgb24, bgr24, gray, yuyv422, "
                 "nv12 or yuv420p (of a camera: what it has)");
  app.add_option("--every", options.every, "of video, answer for the first of so many frames and skip the others (1)")
      ->check(between(1, INT64_MAX));
}

void classify_frames(const std::string& source, const FrameOptions& options, ImageClassifier& classifier,
                     const ImageInput& input, const std::vector<std::string>& labels, double threshold, Answers& answers,
                     ThreadPool& threads) {
  std::signal(SIGPIPE, SIG_DFL);  // a reader that has seen enough ends the program without a word
  const ImageShape shape = classifier.image_shape();
  // An unmeasured first run brings the weights into the cache before a camera starts.
  classifier.probabilities(Tensor({1, shape.height, shape.width, shape.channels}, DType::f32), threads);
  const InterruptGuard guard;
  const auto frames = source_of(source, options, [&] { return !guard.signal().empty(); });
  FrameCounts counts;
  const auto damaged = [&](const std::string& line) {
    fmt::print(stderr, "{}\n", line);
    ++counts.damaged;
  };
  const Clock::time_point start = Clock::now();
  while (guard.signal().empty()) {
    const std::optional<Frame> frame = frames->next();
    if (!frame) break;
    counts.all = frame->number;
    if (!frame->problem.empty()) {
      damaged(fmt::format("frame {}: {}", frame->number, frame->problem));
      continue;
    }
    if ((frame->number - 1) % options.every != 0) continue;
    Tensor image;
    try {
      image = input.tensor(image_of(*frame, fmt::format("frame {}", frame->number), shape.channels));
    } catch (const Error& error) {
      damaged(error.what());
      continue;
    }
    answers.write(std::to_string(frame->number), classify(classifier, image, labels, answers.top(), threshold, threads));
    ++counts.answered;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  answers.finish();
  if (const int64_t skipped = frames->skipped_bytes(); skipped > 0)
    fmt::print(stderr, "{} bytes between frames were skipped\n", skipped);
  if (counts.all > 0)
    fmt::print(stderr, "{} frames in {:.1f} s, {:.1f} frames/s, {} answers\n", counts.all, seconds,
               static_cast<double>(counts.all) / std::max(seconds, 1e-9), counts.answered);
  if (const std::string signal = guard.signal(); !signal.empty()) fail(ErrorCode::cancelled, "ended by {}", signal);
  if (counts.all == 0) fail("{} holds no frame of {}", source == "-" ? "standard input" : source, options.format);
  if (counts.damaged > 0) fail("{} of {} frames could not be read", counts.damaged, counts.all);
}

}  // namespace fovea
