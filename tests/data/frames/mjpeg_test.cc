// SPDX-License-Identifier: Apache-2.0
// Motion JPEG and frames of pixels from pipes: where frames begin and end, and what is said about those that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "fovea/core/error.h"
#include "fovea/data/frames/pipe_frames.h"
#include "tests/data/image/jpeg_writer.h"

namespace fovea {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Image shade(uint8_t level, int64_t height = 8, int64_t width = 8) {
  Image image({height, width, 3});
  std::ranges::fill(image.pixels, level);
  return image;
}

// A comment segment after the start marker, whose content looks like markers.
std::string with_comment(const std::string& jpeg) {
  const std::string content = "\xff\xd9\xff\xd8\xff\xe0 no end and no beginning \xff\xd9";
  const size_t length = content.size() + 2;
  return jpeg.substr(0, 2) + "\xff\xfe" + static_cast<char>(length >> 8) + static_cast<char>(length & 255) + content +
         jpeg.substr(2);
}

// What a source tells of a stream that arrives in pieces: the problem of each frame, or its bytes.
struct Told {
  std::vector<std::string> frames, problems;
  int64_t skipped = 0;
  bool operator==(const Told&) const = default;
};
Told told(const std::string& stream, const fovea_frame_format& format, size_t piece) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  std::thread writer([&] {
    for (size_t at = 0; at < stream.size(); at += piece) {
      const size_t size = std::min(piece, stream.size() - at);
      EXPECT_EQ(write(ends[1], stream.data() + at, size), static_cast<ssize_t>(size));
    }
    close(ends[1]);
  });
  Told result;
  {
    PipeFrames frames(ends[0], format);
    int64_t number = 0;
    while (const std::optional<Frame> frame = frames.next()) {
      EXPECT_EQ(frame->number, ++number);
      EXPECT_EQ(frame->bytes.empty(), !frame->problem.empty());
      result.frames.emplace_back(reinterpret_cast<const char*>(frame->bytes.data()), frame->bytes.size());
      result.problems.push_back(frame->problem);
    }
    EXPECT_FALSE(frames.next().has_value());
    result.skipped = frames.skipped_bytes();
  }
  writer.join();
  close(ends[0]);
  return result;
}
Told told(const std::string& stream) { return told(stream, {}, 1 << 16); }

TEST(Mjpeg, EndsFramesAtTheirEndAndNotWithinASegment) {
  const std::string first = with_comment(jpeg_of(shade(10))), second = jpeg_of(shade(200, 40, 24));
  const std::string stream = first + second + std::string(5, '\0') + first;
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}, stream.size()}) {
    const Told result = told(stream, {}, piece);
    EXPECT_THAT(result.frames, ElementsAre(first, second, first)) << piece;
    EXPECT_THAT(result.problems, ElementsAre("", "", "")) << piece;
    EXPECT_EQ(result.skipped, 5) << piece;
  }
  const std::string web = "--frame\r\nContent-Type: image/jpeg\r\n\r\n" + second + "\r\n";
  EXPECT_THAT(told(web + web).frames, ElementsAre(second, second));
}

TEST(Mjpeg, DecodesToTheLevels) {
  const Told result = told(jpeg_of(shade(77, 16, 8)));
  const Frame frame{.bytes = std::as_bytes(std::span(result.frames.at(0)))};
  const Image color = image_of(frame, "x", 3), gray = image_of(frame, "x", 1);
  EXPECT_EQ(color.shape, (ImageShape{16, 8, 3}));
  EXPECT_THAT(color.pixels, testing::Each(77));
  EXPECT_THAT(gray.pixels, testing::Each(77));
}

TEST(Mjpeg, TellsWhatIsCutOff) {
  const std::string whole = jpeg_of(shade(10)), other = jpeg_of(shade(90));
  Told result = told(whole + other.substr(0, other.size() - 2));
  EXPECT_THAT(result.frames, ElementsAre(whole, ""));
  EXPECT_EQ(result.problems[1], fmt::format("cut off after {} bytes", other.size() - 2));
  result = told(whole.substr(0, whole.size() - 4) + other);
  EXPECT_THAT(result.frames, ElementsAre("", other));
  EXPECT_THAT(result.problems[0], HasSubstr("the next one begins before its end"));
  EXPECT_TRUE(told("").frames.empty());
  EXPECT_EQ(told("no frame at all").skipped, 15);
  EXPECT_THAT(told(other.substr(0, 3)).problems, ElementsAre("cut off after 3 bytes"));
}

TEST(Mjpeg, TrustsNoLength) {
  const std::string frame = jpeg_of(shade(10, 64, 64));
  ASSERT_EQ(frame.substr(2, 2), "\xff\xe0");
  for (const auto& [high, low] :
       {std::pair('\xff', '\xff'), std::pair('\0', '\0'), std::pair('\0', '\1'), std::pair('\0', '\3')}) {
    std::string wrong = frame;
    wrong[4] = high;
    wrong[5] = low;
    std::string stream = wrong;
    for (int i = 0; i < 200; ++i) stream += frame;  // more than a length may claim
    const Told result = told(stream);
    EXPECT_THAT(result.problems[0], HasSubstr("no JPEG")) << int{high};
    EXPECT_EQ(std::ranges::count(result.frames, frame), 200) << int{high};
  }
  // A length that leads behind the end of the stream.
  EXPECT_THAT(told(frame + std::string("\xff\xd8\xff\xe0\xff\xff", 6)).problems, ElementsAre("", "cut off after 6 bytes"));
}

// Whatever the bytes are, they are told in the same way however they arrive, and each byte of a frame is one of the stream.
TEST(Mjpeg, TellsTheSameOfHostileBytesInAnyPieces) {
  std::mt19937 random(5);
  const std::string good = with_comment(jpeg_of(shade(10))) + jpeg_of(shade(50, 24, 8)) + jpeg_of(shade(250));
  for (int round = 0; round < 300; ++round) {
    std::string stream = good;
    for (uint32_t i = random() % 6; i < 6; ++i) {
      const size_t at = random() % stream.size();
      switch (random() % 4) {
        case 0:
          stream[at] = static_cast<char>(random());
          break;
        case 1:
          stream.erase(at, random() % 40);
          break;
        case 2:
          stream.insert(at, "\xff\xd8\xff");
          break;
        default:
          stream.insert(at, std::string(1, '\xff') + static_cast<char>(0xc0 + random() % 64));
      }
    }
    const Told whole = told(stream);
    EXPECT_EQ(told(stream, {}, 1 + random() % 50), whole);
    size_t at = 0;
    for (const std::string& frame : whole.frames) {
      const size_t found = stream.find(frame, at);
      ASSERT_NE(found, std::string::npos);
      at = frame.empty() ? at : found + frame.size();
    }
  }
}

TEST(Mjpeg, LooksAtNothingBehindTheBytes) {
  const std::string stream = with_comment(jpeg_of(shade(10))) + jpeg_of(shade(50));
  // Each piece is memory of its own size, so that an address sanitizer sees what is read behind it.
  fovea_mjpeg state{};
  int frames = 0;
  for (size_t size = 0; size <= stream.size(); ++size) {
    const std::vector<uint8_t> bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    fovea_mjpeg_event event = fovea_mjpeg_more;
    while ((event = fovea_mjpeg_next(&state, bytes.data(), bytes.size())) == fovea_mjpeg_frame) ++frames;
    EXPECT_EQ(event, fovea_mjpeg_more);
  }
  EXPECT_EQ(frames, 2);
}

TEST(PixelFrames, HaveOneSize) {
  const fovea_frame_format format = frame_format_named("gray:4x2");
  const std::string stream = "0123456789abcdefXYZ";
  for (const size_t piece : {1, 3, 8, 19}) {
    const Told result = told(stream, format, piece);
    EXPECT_THAT(result.frames, ElementsAre("01234567", "89abcdef", ""));
    EXPECT_THAT(result.problems, ElementsAre("", "", "cut off: 3 of its 8 bytes"));
  }
  EXPECT_TRUE(told("", format, 1).frames.empty());
}

TEST(PixelFrames, RefuseASizeOfMjpeg) { EXPECT_THROW(PipeFrames(0, frame_format_named("mjpeg:4x4")), Error); }

}  // namespace
}  // namespace fovea
