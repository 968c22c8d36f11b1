// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/frames/video_device.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "fovea/core/error.h"

namespace fovea {
namespace {

class KernelDevice : public VideoDevice {
 public:
  explicit KernelDevice(const std::string& path) : descriptor_(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
    if (descriptor_ < 0) fail("cannot open {}: {}", path, std::strerror(errno));
  }
  ~KernelDevice() override { ::close(descriptor_); }
  KernelDevice(const KernelDevice&) = delete;
  KernelDevice& operator=(const KernelDevice&) = delete;

  int control(unsigned long request, void* argument) override {
    while (::ioctl(descriptor_, request, argument) < 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  std::byte* map(size_t length, int64_t offset) override {
    void* start = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, offset);
    return start == MAP_FAILED ? nullptr : static_cast<std::byte*>(start);
  }
  void unmap(std::byte* start, size_t length) override { ::munmap(start, length); }

  bool wait(int milliseconds) override {
    pollfd ready{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, milliseconds) > 0;
  }

 private:
  int descriptor_;
};

}  // namespace

bool is_device(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_character_file(path, error);
}

std::unique_ptr<VideoDevice> open_video_device(const std::string& path) { return std::make_unique<KernelDevice>(path); }

}  // namespace fovea
