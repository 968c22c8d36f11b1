// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/frames/pipe_frames.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fovea/core/error.h"
#include "fovea/data/image/codec.h"

namespace fovea {
namespace {

constexpr size_t piece = 64 << 10;

}  // namespace

PipeFrames::PipeFrames(int descriptor, const fovea_frame_format& format, StopQuestion stop)
    : descriptor_(descriptor), format_(format), stop_(std::move(stop)) {
  if (format.pixels == fovea_mjpeg_pixels && format.width > 0)
    refuse("frames of \"{}\": each JPEG of a stream has its own size; wanted mjpeg", text_of(format));
}

// Reads until the buffer has `least` more bytes; false at the end of the stream, or when it is to stop.
bool PipeFrames::fill(size_t least) {
  const size_t wanted = used_ + least;
  const bool jpeg = format_.pixels == fovea_mjpeg_pixels;  // whose frames have no size that is known before
  if (buffer_.size() < wanted) buffer_.resize(jpeg ? std::max({wanted, piece, 2 * buffer_.size()}) : wanted);
  while (used_ < wanted && !ended_) {
    const ssize_t got = ::read(descriptor_, buffer_.data() + used_, buffer_.size() - used_);
    if (got < 0 && errno != EINTR) fail("cannot read frames: {}", std::strerror(errno));
    if (got == 0 || (got < 0 && stop_ && stop_())) ended_ = true;
    if (got > 0) used_ += static_cast<size_t>(got);
  }
  return used_ >= wanted;
}

Frame PipeFrames::broken(std::string problem) {
  return {.number = ++number_, .format = format_, .problem = std::move(problem)};
}

std::optional<Frame> PipeFrames::next() { return format_.pixels == fovea_mjpeg_pixels ? next_jpeg() : next_pixels(); }

std::optional<Frame> PipeFrames::next_pixels() {
  const int64_t stride = fovea_frame_stride(&format_);
  const auto size = static_cast<size_t>(fovea_frame_bytes(&format_, stride));
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(frame_), used_ - frame_, buffer_.begin());
  used_ -= std::exchange(frame_, 0);
  if (used_ < size && !fill(size - used_)) {
    if (used_ == 0 || (stop_ && stop_())) return std::nullopt;
    return broken(fmt::format("cut off: {} of its {} bytes", std::exchange(used_, 0), size));
  }
  frame_ = size;
  return Frame{.number = ++number_, .bytes = std::span(buffer_).first(size), .format = format_, .stride = stride};
}

std::optional<Frame> PipeFrames::next_jpeg() {
  for (;;) {
    switch (fovea_mjpeg_next(&stream_, start_of(buffer_), used_)) {
      case fovea_mjpeg_frame:
        return Frame{.number = ++number_,
                     .bytes = std::span(buffer_).subspan(stream_.frame, stream_.begin - stream_.frame),
                     .format = format_};
      case fovea_mjpeg_cut:
        return broken("cut off: the next one begins before its end");
      case fovea_mjpeg_broken:
        return broken("no JPEG, though it begins like one");
      case fovea_mjpeg_more:
        break;
    }
    const size_t gone = fovea_mjpeg_forget(&stream_);
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(gone), used_ - gone, buffer_.begin());
    used_ -= gone;
    if (used_ > fovea_most_frame_bytes) {
      fovea_mjpeg_restart(&stream_, used_);
      return broken(fmt::format("longer than {} bytes", static_cast<int>(fovea_most_frame_bytes)));
    }
    if (ended_ || !fill(1)) {
      if (stop_ && stop_()) return std::nullopt;
      if (stream_.inside == 0) {
        stream_.skipped += std::exchange(used_, 0);
        return std::nullopt;
      }
      fovea_mjpeg_restart(&stream_, used_);
      return broken(fmt::format("cut off after {} bytes", used_));
    }
  }
}

}  // namespace fovea
