// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/frames/camera.h"

#include <fmt/ranges.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr int tick = 100, longest_wait = 5000;  // milliseconds
constexpr uint32_t wanted_buffers = 4, most_formats = 256;

struct Known {
  fovea_pixels pixels;
  uint32_t code;  // the kernel's
};
// In the order of preference: pixels before JPEG, which has to be decoded.
constexpr Known known[] = {{fovea_yuyv422, V4L2_PIX_FMT_YUYV},   {fovea_nv12, V4L2_PIX_FMT_NV12},
                           {fovea_yuv420p, V4L2_PIX_FMT_YUV420}, {fovea_rgb24, V4L2_PIX_FMT_RGB24},
                           {fovea_bgr24, V4L2_PIX_FMT_BGR24},    {fovea_mjpeg_pixels, V4L2_PIX_FMT_MJPEG},
                           {fovea_gray, V4L2_PIX_FMT_GREY}};

uint32_t code_of(fovea_pixels pixels) { return std::ranges::find(known, pixels, &Known::pixels)->code; }

std::string code_text(uint32_t code) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) {
    const auto letter = static_cast<unsigned char>(code >> shift);
    text += letter >= 32 && letter < 127 ? static_cast<char>(letter) : '?';
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

template <typename T>
T cleared() {
  T value;
  std::memset(&value, 0, sizeof value);
  return value;
}

v4l2_buffer capture_buffer(uint32_t index) {
  auto buffer = cleared<v4l2_buffer>();
  buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  buffer.memory = V4L2_MEMORY_MMAP;
  buffer.index = index;
  return buffer;
}

}  // namespace

CameraFrames::CameraFrames(std::unique_ptr<VideoDevice> device, std::string name,
                           const std::optional<fovea_frame_format>& wanted, StopQuestion stop)
    : device_(std::move(device)), name_(std::move(name)), stop_(std::move(stop)) {
  check_capabilities();
  agree(choose(wanted));
  try {
    share_buffers();
    start();
  } catch (...) {
    stop_streaming();
    throw;
  }
}

CameraFrames::~CameraFrames() { stop_streaming(); }

void CameraFrames::check_capabilities() {
  auto answer = cleared<v4l2_capability>();
  if (const int error = device_->control(VIDIOC_QUERYCAP, &answer))
    fail("{} is no camera: {}", name_, error == ENOTTY ? "it is another kind of device" : std::strerror(error));
  // A camera often has a second device, for metadata; what this one can do is in device_caps.
  const uint32_t can = (answer.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? answer.device_caps : answer.capabilities;
  if ((can & V4L2_CAP_VIDEO_CAPTURE) == 0) fail("{} captures no video; the camera's other devices (/dev/video*) may", name_);
  if ((can & V4L2_CAP_STREAMING) == 0) fail("{} does not stream into shared buffers, which is all that is supported", name_);
}

fovea_frame_format CameraFrames::choose(const std::optional<fovea_frame_format>& wanted) {
  std::set<uint32_t> offered;
  std::vector<std::string> names;
  for (uint32_t i = 0; i < most_formats; ++i) {
    auto entry = cleared<v4l2_fmtdesc>();
    entry.index = i;
    entry.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (device_->control(VIDIOC_ENUM_FMT, &entry) != 0) break;
    offered.insert(entry.pixelformat);
    names.push_back(code_text(entry.pixelformat));
  }
  constexpr int64_t width = 640, height = 480;
  if (wanted) {
    if (!offered.contains(code_of(wanted->pixels)))
      fail("{} has no {}; it has {}", name_, fovea_pixels_name(wanted->pixels), fmt::join(names, ", "));
    return wanted->width > 0 ? *wanted : fovea_frame_format{wanted->pixels, width, height};
  }
  for (const Known& each : known) {
    if (offered.contains(each.code)) return {each.pixels, width, height};
  }
  fail("{} has no format that is read here; it has {}", name_,
       names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

// The device answers with the nearest format that it has, so that everything in its answer is checked.
void CameraFrames::agree(const fovea_frame_format& format) {
  auto answer = cleared<v4l2_format>();
  answer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  v4l2_pix_format& picture = answer.fmt.pix;
  picture.width = static_cast<uint32_t>(format.width);
  picture.height = static_cast<uint32_t>(format.height);
  picture.pixelformat = code_of(format.pixels);
  picture.field = V4L2_FIELD_NONE;
  if (const int error = device_->control(VIDIOC_S_FMT, &answer))
    fail("{} refuses {}: {}", name_, text_of(format), std::strerror(error));
  if (picture.pixelformat != code_of(format.pixels))
    fail("{} gives {} in place of {}", name_, code_text(picture.pixelformat), fovea_pixels_name(format.pixels));
  format_ = {format.pixels, picture.width, picture.height};
  const bool odd = format_.pixels == fovea_yuyv422 && format_.width % 2 != 0;
  if (format_.width < 1 || format_.height < 1 || format_.width > FOVEA_MOST_PIXELS / format_.height || odd)
    fail("{} gives frames of {}x{} pixels, which cannot be", name_, format_.width, format_.height);
  if (format_.pixels == fovea_mjpeg_pixels) return;
  const int64_t least = fovea_frame_stride(&format_);
  stride_ = picture.bytesperline == 0 ? least : picture.bytesperline;
  if (stride_ < least) fail("{} gives rows of {} bytes, too few for {}", name_, stride_, text_of(format_));
}

void CameraFrames::share_buffers() {
  auto request = cleared<v4l2_requestbuffers>();
  request.count = wanted_buffers;
  request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  request.memory = V4L2_MEMORY_MMAP;
  if (const int error = device_->control(VIDIOC_REQBUFS, &request))
    fail("{} {}: {}", name_, error == EBUSY ? "is in use by another program" : "shares no buffers", std::strerror(error));
  if (request.count < 2 || request.count > VIDEO_MAX_FRAME) fail("{} shares {} buffers", name_, request.count);
  for (uint32_t i = 0; i < request.count; ++i) {
    v4l2_buffer buffer = capture_buffer(i);
    if (const int error = device_->control(VIDIOC_QUERYBUF, &buffer))
      fail("{} does not describe buffer {}: {}", name_, i, std::strerror(error));
    std::byte* start = buffer.length > 0 ? device_->map(buffer.length, buffer.m.offset) : nullptr;
    if (start == nullptr) fail("cannot map buffer {} of {}: {}", i, name_, std::strerror(errno));
    buffers_.push_back({start, buffer.length});
    if (fovea_frame_bytes(&format_, stride_) > static_cast<int64_t>(buffer.length))
      fail("{} shares buffers of {} bytes, too few for {}", name_, buffer.length, text_of(format_));
  }
}

void CameraFrames::give(uint32_t index) {
  v4l2_buffer buffer = capture_buffer(index);
  if (const int error = device_->control(VIDIOC_QBUF, &buffer))
    fail("{} takes no buffer back: {}", name_, std::strerror(error));
}

void CameraFrames::start() {
  for (uint32_t i = 0; i < buffers_.size(); ++i) give(i);
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  if (const int error = device_->control(VIDIOC_STREAMON, &type)) fail("{} does not start: {}", name_, std::strerror(error));
}

void CameraFrames::stop_streaming() {
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  device_->control(VIDIOC_STREAMOFF, &type);
  for (const Buffer& buffer : buffers_) device_->unmap(buffer.start, buffer.length);
  buffers_.clear();
}

bool CameraFrames::wait_for_frame() {
  for (int waited = 0; waited < longest_wait; waited += tick) {
    if (stop_ && stop_()) return false;
    if (device_->wait(tick)) return true;
  }
  fail("{} has sent no frame for {} seconds", name_, longest_wait / 1000);
}

std::optional<Frame> CameraFrames::next() {
  if (held_) give(*std::exchange(held_, std::nullopt));
  for (;;) {
    if (!wait_for_frame()) return std::nullopt;
    v4l2_buffer buffer = capture_buffer(0);
    const int error = device_->control(VIDIOC_DQBUF, &buffer);
    if (error == EAGAIN) continue;
    if (error != 0) fail("{} {}", name_, error == ENODEV ? "is gone" : fmt::format("gives no frame: {}", std::strerror(error)));
    if (buffer.index >= buffers_.size()) fail("{} gives buffer {}, of {}", name_, buffer.index, buffers_.size());
    held_ = buffer.index;
    Frame frame{.number = ++number_, .format = format_, .stride = stride_};
    const Buffer& shared = buffers_[buffer.index];
    const auto size = static_cast<size_t>(fovea_frame_bytes(&format_, stride_));
    const size_t used = std::min<size_t>(buffer.bytesused, shared.length);
    if ((buffer.flags & V4L2_BUF_FLAG_ERROR) != 0)
      frame.problem = "damaged, says the camera";
    else if (used == 0 || used < size)
      frame.problem = fmt::format("cut off: {} of its {} bytes", used, size);
    else
      frame.bytes = std::span(shared.start, size > 0 ? size : used);
    return frame;
  }
}

}  // namespace fovea
