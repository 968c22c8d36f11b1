// SPDX-License-Identifier: Apache-2.0
/// \file
/// Video as a sequence of frames, from a pipe (pipe_frames.h) or from a camera (camera.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "fovea/data/image/frame_format.h"
#include "fovea/data/image/image.h"

namespace fovea {

/// One frame.
struct Frame {
  int64_t number = 0;                     ///< from 1
  std::span<const std::byte> bytes = {};  ///< valid until the next one is asked for; empty when there is a problem
  fovea_frame_format format = {};         ///< what the bytes are
  int64_t stride = 0;                     ///< bytes from one row to the next; 0 for JPEG
  std::string problem = {};               ///< what is wrong with the frame, e.g. "cut off"; empty: nothing
};

/// A sequence of frames. One thread at a time.
class FrameSource {
 public:
  /// Closes the source.
  virtual ~FrameSource() = default;
  /// The next frame, for which it waits; none at the end. Fails when the source does.
  virtual std::optional<Frame> next() = 0;
  /// Bytes that belonged to no frame so far.
  virtual int64_t skipped_bytes() const { return 0; }
};

/// Asked while a source waits; true ends the sequence.
using StopQuestion = std::function<bool()>;

/// Parses "mjpeg" or PIXELS:WIDTHxHEIGHT with ffmpeg's names of pixels: rgb24, bgr24, gray, yuyv422, nv12, yuv420p. Refuses any
/// other text.
fovea_frame_format frame_format_named(const std::string& text);
/// Such a text: "mjpeg", "yuyv422:640x480".
std::string text_of(const fovea_frame_format& format);

/// The pixels of a frame without a problem, with `channels` = 3 (red, green, blue) or 1 (gray). Fails when a JPEG is corrupt;
/// `name` is what the message calls the frame.
Image image_of(const Frame& frame, const std::string& name, int64_t channels);

}  // namespace fovea
