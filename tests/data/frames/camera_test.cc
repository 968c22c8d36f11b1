// SPDX-License-Identifier: Apache-2.0
// What is agreed on with a camera, and what is made of its answers. A test plays the device, because machines for tests have
// none.
#include "fovea/data/frames/camera.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <set>

#include "fovea/core/error.h"

namespace fovea {
namespace {

using testing::HasSubstr;

// A device as the kernel's documentation describes it. Its members are what it answers, and what was asked of it.
struct Played {
  uint32_t capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
  std::vector<uint32_t> formats{V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV};
  uint32_t width = 4, height = 2, gap = 0, answered_format = 0, shared = 4, buffer_length = 4096;
  std::deque<v4l2_buffer> frames = {};  // what it captures: bytesused, flags; the index is the next free buffer's
  int refused_request = -1, refusal = 0;
  bool answers = true;

  v4l2_pix_format asked = {};
  std::vector<std::vector<std::byte>> memory = {};
  std::deque<uint32_t> queued = {};
  bool streaming = false;
  size_t mapped = 0;
};

class PlayedDevice : public VideoDevice {
 public:
  explicit PlayedDevice(Played& played) : played_(played) {}

  int control(unsigned long request, void* argument) override {
    if (!played_.answers) return ENOTTY;
    if (static_cast<int>(_IOC_NR(request)) == played_.refused_request) return played_.refusal;
    switch (request) {
      case VIDIOC_QUERYCAP:
        static_cast<v4l2_capability*>(argument)->capabilities =
            V4L2_CAP_DEVICE_CAPS | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        static_cast<v4l2_capability*>(argument)->device_caps = played_.capabilities;
        return 0;
      case VIDIOC_ENUM_FMT:
        return describe(*static_cast<v4l2_fmtdesc*>(argument));
      case VIDIOC_S_FMT:
        return agree(static_cast<v4l2_format*>(argument)->fmt.pix);
      case VIDIOC_REQBUFS:
        static_cast<v4l2_requestbuffers*>(argument)->count = played_.shared;
        return 0;
      case VIDIOC_QUERYBUF:
        static_cast<v4l2_buffer*>(argument)->length = played_.buffer_length;
        static_cast<v4l2_buffer*>(argument)->m.offset = static_cast<v4l2_buffer*>(argument)->index;
        return 0;
      case VIDIOC_QBUF:
        played_.queued.push_back(static_cast<v4l2_buffer*>(argument)->index);
        return 0;
      case VIDIOC_DQBUF:
        return capture(*static_cast<v4l2_buffer*>(argument));
      case VIDIOC_STREAMON:
      case VIDIOC_STREAMOFF:
        played_.streaming = request == VIDIOC_STREAMON;
        return 0;
      default:
        return EINVAL;
    }
  }

  std::byte* map(size_t length, int64_t offset) override {
    played_.memory.resize(std::max(played_.memory.size(), static_cast<size_t>(offset) + 1));
    std::vector<std::byte>& memory = played_.memory[static_cast<size_t>(offset)];
    memory.resize(length);
    ++played_.mapped;
    return memory.data();
  }
  void unmap(std::byte*, size_t) override { --played_.mapped; }
  bool wait(int) override { return !played_.frames.empty(); }

 private:
  int describe(v4l2_fmtdesc& entry) {
    if (entry.index >= played_.formats.size()) return EINVAL;
    entry.pixelformat = played_.formats[entry.index];
    return 0;
  }
  int agree(v4l2_pix_format& picture) {
    played_.asked = picture;
    picture.width = played_.width;
    picture.height = played_.height;
    if (played_.answered_format != 0) picture.pixelformat = played_.answered_format;
    const uint32_t bytes = picture.pixelformat == V4L2_PIX_FMT_YUYV ? 2 : 1;
    picture.bytesperline = picture.pixelformat == V4L2_PIX_FMT_MJPEG ? 0 : bytes * picture.width + played_.gap;
    return 0;
  }
  int capture(v4l2_buffer& buffer) {
    if (played_.frames.empty() || played_.queued.empty()) return EAGAIN;
    const v4l2_buffer captured = played_.frames.front();
    played_.frames.pop_front();
    buffer.index = captured.index != 0 ? captured.index : played_.queued.front();
    buffer.bytesused = captured.bytesused;
    buffer.flags = captured.flags;
    if (buffer.index >= played_.memory.size()) return 0;
    played_.queued.pop_front();
    std::ranges::fill(played_.memory[buffer.index], static_cast<std::byte>(captured.sequence));
    return 0;
  }

  Played& played_;
};

v4l2_buffer captured(uint32_t bytes, uint32_t level = 0, uint32_t flags = 0, uint32_t index = 0) {
  v4l2_buffer buffer{};
  buffer.bytesused = bytes;
  buffer.sequence = level;
  buffer.flags = flags;
  buffer.index = index;
  return buffer;
}

std::unique_ptr<CameraFrames> camera(Played& played, const std::string& format = "", StopQuestion stop = {}) {
  std::optional<fovea_frame_format> wanted;
  if (!format.empty()) wanted = frame_format_named(format);
  return std::make_unique<CameraFrames>(std::make_unique<PlayedDevice>(played), "cam", wanted, std::move(stop));
}

std::string failure(Played played, const std::string& format = "") {
  std::string message = "nothing failed";
  try {
    camera(played, format)->next();
  } catch (const Error& error) {
    message = error.what();
  }
  EXPECT_EQ(played.mapped, 0u) << message;
  EXPECT_FALSE(played.streaming) << message;
  return message;
}

TEST(Camera, PrefersPixelsToJpegs) {
  Played played;
  EXPECT_EQ(text_of(camera(played)->format()), "yuyv422:4x2");
  EXPECT_EQ(played.asked.pixelformat, V4L2_PIX_FMT_YUYV);
  EXPECT_EQ(played.asked.width, 640u);
  EXPECT_EQ(text_of(camera(played, "mjpeg:1280x720")->format()), "mjpeg:4x2");
  EXPECT_EQ(played.asked.width, 1280u);
  EXPECT_EQ(played.asked.pixelformat, V4L2_PIX_FMT_MJPEG);
  played.formats = {V4L2_PIX_FMT_H264, V4L2_PIX_FMT_MJPEG};
  EXPECT_EQ(text_of(camera(played)->format()), "mjpeg:4x2");
}

TEST(Camera, GivesBuffersBack) {
  Played played;
  {
    const auto frames = camera(played);
    EXPECT_TRUE(played.streaming);
    EXPECT_EQ(played.queued.size(), 4u);
    for (uint32_t i = 1; i <= 20; ++i) {
      played.frames.push_back(captured(16, i));
      const std::optional<Frame> frame = frames->next();
      ASSERT_TRUE(frame.has_value());
      EXPECT_EQ(frame->number, i);
      EXPECT_EQ(frame->stride, 8);
      EXPECT_EQ(frame->bytes.size(), 16u);
      EXPECT_EQ(frame->bytes[15], static_cast<std::byte>(i));
      EXPECT_EQ(played.queued.size(), 3u);  // the frame's own is not filled again while it is looked at
    }
  }
  EXPECT_EQ(played.mapped, 0u);
  EXPECT_FALSE(played.streaming);
}

TEST(Camera, RowsMayHaveGaps) {
  Played played;
  played.gap = 6;
  played.frames = {captured(28, 128)};
  const auto frames = camera(played);
  const std::optional<Frame> frame = frames->next();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->stride, 14);
  EXPECT_EQ(frame->bytes.size(), 28u);
  EXPECT_THAT(image_of(*frame, "x", 3).pixels, testing::Each(130));  // a luma of 128: (128 - 16) / 219 of 255
}

TEST(Camera, TellsOfFramesThatAreIncomplete) {
  Played played;
  played.frames = {captured(16, 1, V4L2_BUF_FLAG_ERROR), captured(15), captured(0), captured(1u << 30), captured(16)};
  const auto frames = camera(played);
  for (const char* problem :
       {"damaged, says the camera", "cut off: 15 of its 16 bytes", "cut off: 0 of its 16 bytes", "", ""}) {
    const std::optional<Frame> frame = frames->next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->problem, problem);
    EXPECT_EQ(frame->bytes.size(), frame->problem.empty() ? 16u : 0u);
  }
}

TEST(Camera, OfJpegsTakesWhatIsUsed) {
  Played played;
  played.formats = {V4L2_PIX_FMT_MJPEG};
  played.frames = {captured(100), captured(1u << 30)};
  const auto frames = camera(played);
  EXPECT_EQ(frames->next()->bytes.size(), 100u);
  EXPECT_EQ(frames->next()->bytes.size(), 4096u);  // more than the buffer has
}

TEST(Camera, EndsWhenItIsAskedTo) {
  Played played;
  bool stop = false;
  const auto frames = camera(played, "", [&] { return stop; });
  played.frames = {captured(16)};
  EXPECT_TRUE(frames->next().has_value());
  stop = true;
  EXPECT_FALSE(frames->next().has_value());
}

TEST(Camera, FailsWithTheReason) {
  EXPECT_THAT(failure({.answers = false}), HasSubstr("cam is no camera: it is another kind of device"));
  EXPECT_THAT(failure({.capabilities = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING}), HasSubstr("captures no video"));
  EXPECT_THAT(failure({.capabilities = V4L2_CAP_VIDEO_CAPTURE}), HasSubstr("does not stream"));
  EXPECT_THAT(failure({.formats = {V4L2_PIX_FMT_H264, V4L2_PIX_FMT_SRGGB8}}), HasSubstr("it has H264, RGGB"));
  EXPECT_THAT(failure({.formats = {}}), HasSubstr("it has none"));
  EXPECT_THAT(failure({}, "nv12:4x2"), HasSubstr("cam has no nv12; it has MJPG, YUYV"));
  EXPECT_THAT(failure({.refused_request = _IOC_NR(VIDIOC_REQBUFS), .refusal = EBUSY}), HasSubstr("in use by another program"));
  EXPECT_THAT(failure({.refused_request = _IOC_NR(VIDIOC_STREAMON), .refusal = ENOSPC}), HasSubstr("cam does not start"));
  EXPECT_THAT(failure({.frames = {captured(16)}, .refused_request = _IOC_NR(VIDIOC_DQBUF), .refusal = ENODEV}),
              HasSubstr("cam is gone"));
}

TEST(Camera, TrustsNoAnswer) {
  EXPECT_THAT(failure({.answered_format = V4L2_PIX_FMT_RGB565}), HasSubstr("gives RGBP in place of yuyv422"));
  EXPECT_THAT(failure({.width = 0}), HasSubstr("0x2 pixels"));
  EXPECT_THAT(failure({.width = 5}), HasSubstr("5x2 pixels"));
  EXPECT_THAT(failure({.width = UINT32_MAX - 1, .height = UINT32_MAX}), HasSubstr("which cannot be"));
  EXPECT_THAT(failure({.gap = UINT32_MAX - 3}), HasSubstr("rows of 4 bytes"));
  EXPECT_THAT(failure({.shared = 1}), HasSubstr("shares 1 buffers"));
  EXPECT_THAT(failure({.shared = 1u << 30}), HasSubstr("shares 1073741824 buffers"));
  EXPECT_THAT(failure({.buffer_length = 15}), HasSubstr("buffers of 15 bytes"));
  EXPECT_THAT(failure({.buffer_length = 0}), HasSubstr("cannot map"));
  EXPECT_THAT(failure({.frames = {captured(16, 0, 0, 77)}}), HasSubstr("gives buffer 77, of 4"));
}

}  // namespace
}  // namespace fovea
