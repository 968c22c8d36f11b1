// SPDX-License-Identifier: Apache-2.0
/// \file
/// Frames from a camera by the kernel's interface for video (V4L2, linux/videodev2.h), in buffers that are shared with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/data/frames/frame_source.h"
#include "fovea/data/frames/video_device.h"

namespace fovea {

/// A camera that sends frames.
class CameraFrames : public FrameSource {
 public:
  /// Agrees on a format with the device and starts it. Without `wanted`, frames have about 640x480 pixels, in the first of
  /// yuyv422, nv12, yuv420p, rgb24, bgr24, mjpeg and gray that the device has. Of `wanted`, the device must have the pixels;
  /// their size is the nearest one that it has, which format() tells. Fails when the device is no camera or has none of these
  /// formats. `name` is what messages call it. While a frame is waited for, `stop` is asked ten times a second.
  CameraFrames(std::unique_ptr<VideoDevice> device, std::string name, const std::optional<fovea_frame_format>& wanted = {},
               StopQuestion stop = {});
  CameraFrames(const CameraFrames&) = delete;
  CameraFrames& operator=(const CameraFrames&) = delete;
  /// Stops the device.
  ~CameraFrames() override;

  /// The next frame. The previous one is given back to the device. Fails when none comes for five seconds, or when the device
  /// is gone.
  std::optional<Frame> next() override;
  /// The format of the frames; the size of Motion JPEG is the one that was agreed on.
  const fovea_frame_format& format() const { return format_; }

 private:
  struct Buffer {
    std::byte* start;
    size_t length;
  };
  void check_capabilities();
  fovea_frame_format choose(const std::optional<fovea_frame_format>& wanted);
  void agree(const fovea_frame_format& format);
  void share_buffers();
  void start();
  void stop_streaming();
  bool wait_for_frame();
  void give(uint32_t index);

  std::unique_ptr<VideoDevice> device_;
  std::string name_;
  StopQuestion stop_;
  fovea_frame_format format_ = {};
  int64_t stride_ = 0;
  std::vector<Buffer> buffers_;
  std::optional<uint32_t> held_;  // the buffer of the last frame
  int64_t number_ = 0;
};

}  // namespace fovea
