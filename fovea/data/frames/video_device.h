// SPDX-License-Identifier: Apache-2.0
/// \file
/// The system calls on a video device, apart from what is done with them (camera.h), so that a test can play the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace fovea {

/// A video device of Linux (V4L2). One thread at a time.
class VideoDevice {
 public:
  /// Closes the device.
  virtual ~VideoDevice() = default;
  /// ioctl(2); returns 0 or errno, never EINTR.
  virtual int control(unsigned long request, void* argument) = 0;
  /// Maps a buffer of the device into memory; null when that fails, with the reason in errno.
  virtual std::byte* map(size_t length, int64_t offset) = 0;
  /// Undoes map().
  virtual void unmap(std::byte* start, size_t length) = 0;
  /// Waits until a frame is ready, at most so long; false when there is none, also because a signal came.
  virtual bool wait(int milliseconds) = 0;
};

/// Whether `path` is a character device, as cameras are.
bool is_device(const std::string& path);

/// Opens a device of the kernel. Fails with the reason.
std::unique_ptr<VideoDevice> open_video_device(const std::string& path);

}  // namespace fovea
