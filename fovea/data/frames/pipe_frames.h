// SPDX-License-Identifier: Apache-2.0
/// \file
/// Frames from a pipe or a file: Motion JPEG, or pixels of one size one after the other.
#pragma once

#include <memory>
#include <vector>

#include "fovea/data/frames/frame_source.h"
#include "fovea/data/image/mjpeg_format.h"

namespace fovea {

/// Frames that are read from a descriptor, which is not closed.
class PipeFrames : public FrameSource {
 public:
  /// Refuses Motion JPEG with a size, because each JPEG has its own. A signal wakes a read that waits, and then `stop` is
  /// asked.
  PipeFrames(int descriptor, const fovea_frame_format& format, StopQuestion stop = {});

  /// The next frame. What is missing at the end of the last one is its problem, and so is a JPEG whose structure is corrupt.
  std::optional<Frame> next() override;
  /// Bytes between JPEGs, such as the headers of a stream from the web.
  int64_t skipped_bytes() const override { return static_cast<int64_t>(stream_.skipped); }

 private:
  std::optional<Frame> next_jpeg();
  std::optional<Frame> next_pixels();
  Frame broken(std::string problem);
  bool fill(size_t least);

  int descriptor_;
  fovea_frame_format format_;
  StopQuestion stop_;
  std::vector<std::byte> buffer_;
  size_t used_ = 0;   // bytes of the buffer that have been read
  size_t frame_ = 0;  // bytes at its front that belong to the last frame of pixels
  fovea_mjpeg stream_ = {};
  int64_t number_ = 0;
  bool ended_ = false;
};

}  // namespace fovea
