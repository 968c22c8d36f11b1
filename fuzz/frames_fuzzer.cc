// SPDX-License-Identifier: Apache-2.0
// Frames of video from a pipe. The first byte says which format; frames of pixels have 5x3 or 6x3 of them.
#include "fovea/data/frames/pipe_frames.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto pixels = static_cast<fovea_pixels>(data[0] % 7);
  fovea_frame_format format{.pixels = pixels};
  if (pixels != fovea_mjpeg_pixels) format = {.pixels = pixels, .width = pixels == fovea_yuyv422 ? 6 : 5, .height = 3};
  const fovea::MemoryFile file(fovea::bytes_of(data + 1, size - 1));
  const int descriptor = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  fovea::expect_error_or_nothing([&] {
    fovea::PipeFrames frames(descriptor, format);
    while (const std::optional<fovea::Frame> frame = frames.next()) {
      if (!frame->problem.empty()) continue;
      fovea::expect_error_or_nothing([&] {
        // A few bytes may claim 2^27 pixels, which is allowed and slow.
        if (pixels == fovea_mjpeg_pixels) {
          const fovea::ImageShape shape = fovea::picture_shape(frame->bytes, "fuzz");
          if (shape.height * shape.width > 1 << 20) return;
        }
        fovea::image_of(*frame, "fuzz", 3);
      });
    }
  });
  close(descriptor);
  return 0;
}
