// SPDX-License-Identifier: Apache-2.0
#include "fovea/report/event_file.h"

#include <gtest/gtest.h>

#include "fovea/core/record.h"
#include "fovea/report/json_lines.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

TEST(Crc32c, AgreesWithTheStandard) {
  // RFC 3720, B.4, and the check value in CRC catalogs.
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c(bytes_of(std::string(32, '\0'))), 0x8A9136AAu);
  EXPECT_EQ(crc32c(bytes_of(std::string(32, '\xff'))), 0x62A8AB43u);
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) {
    rising += static_cast<char>(i);
    falling += static_cast<char>(31 - i);
  }
  EXPECT_EQ(crc32c(bytes_of(rising)), 0x46DD794Eu);
  EXPECT_EQ(crc32c(bytes_of(falling)), 0x113FDB5Cu);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Record, FrameIsThatOfTheFormat) {
  const std::string record = frame_record("abc");
  ASSERT_EQ(record.size(), 8 + 4 + 3 + 4u);
  EXPECT_EQ(record.substr(0, 8), std::string("\3\0\0\0\0\0\0\0", 8));
  std::span<const std::byte> left = bytes_of(record);
  const auto data = next_record(left);
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ(data->size(), 3u);
  EXPECT_TRUE(left.empty());
  for (size_t at = 0; at < record.size(); ++at) {
    std::string bad = record;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    std::span<const std::byte> damaged = bytes_of(bad);
    EXPECT_FALSE(next_record(damaged).has_value()) << at;
    std::span<const std::byte> truncated = bytes_of(record).first(at);
    EXPECT_FALSE(next_record(truncated).has_value()) << at;
  }
}

using Events = FolderTest;

TEST_F(Events, BytesAreThoseOfTheProtocol) {
  { EventFile(folder_).write(300, {{"loss", 0.5}}); }
  const std::string text = read_text(folder_ / "events.out.tfevents.fovea");
  std::span<const std::byte> left = bytes_of(text);
  const auto next = [&] {
    const auto data = next_record(left);
    return data ? std::string(reinterpret_cast<const char*>(data->data()), data->size()) : std::string();
  };
  const std::string version = next(), event = next();
  EXPECT_EQ(version[0], '\x09');  // wall_time, eight bytes
  EXPECT_EQ(version.substr(9), std::string("\x10\x00\x1a\x0d", 4) + "brain.Event:2");
  EXPECT_EQ(event[0], '\x09');
  // step 300; summary of 13 bytes; value of 11; tag "loss"; simple_value 0.5f
  EXPECT_EQ(event.substr(9), std::string("\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\x00\x3f", 18));
  EXPECT_TRUE(left.empty());
}

TEST_F(Events, ResumingCutsWhatComesAgain) {
  const auto path = folder_ / "events.out.tfevents.fovea";
  {
    EventFile file(folder_);
    for (int64_t step = 1; step <= 5; ++step) file.write(step, {{"loss", 10.0 / static_cast<double>(step)}, {"top1", 0.5}});
  }
  EXPECT_EQ(read_events(path).size(), 10u);
  const std::string whole = read_text(path);
  // Killed within the last record, at any of its bytes, and resumed from step 4.
  for (size_t lost = 0; lost < 60; ++lost) {
    write_text(path, whole.substr(0, whole.size() - lost));
    { EventFile(folder_, 4).write(4, {{"loss", 7}}); }
    const auto events = read_events(path);
    ASSERT_EQ(events.size(), 7u);
    for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(events[static_cast<size_t>(i)].step, i / 2 + 1);
    EXPECT_EQ(events[6].step, 4);
    EXPECT_EQ(events[6].tag, "loss");
    EXPECT_EQ(events[6].value, 7);
  }
  { EventFile(folder_).write(1, {{"loss", 1}}); }
  EXPECT_EQ(read_events(path).size(), 1u);
  write_text(path, "not events");
  { EventFile(folder_, 4).write(4, {{"loss", 7}}); }
  EXPECT_EQ(read_events(path).size(), 1u);
}

TEST_F(Events, UnwritableFolder) {
  expect_error(1, [&] { EventFile(folder_ / "no"); }, {"cannot write", "no/events"});
  expect_error(1, [&] { JsonLines(folder_ / "no" / "metrics.jsonl"); }, {"cannot write", "metrics.jsonl"});
}

TEST_F(Events, JsonLinesResume) {
  const auto path = folder_ / "metrics.jsonl";
  {
    JsonLines lines(path);
    for (int epoch = 0; epoch < 4; ++epoch) lines.write({{"epoch", epoch}, {"loss", 0.25}, {"note", "a\nb"}});
  }
  EXPECT_EQ(read_text(path).substr(0, 38), R"({"epoch":0,"loss":0.25,"note":"a\nb"})"
                                           "\n");
  const std::string whole = read_text(path);
  for (size_t lost = 0; lost < 39; ++lost) {
    write_text(path, whole.substr(0, whole.size() - lost));
    { JsonLines(path, "epoch", 2).write({{"epoch", 2}, {"loss", 0.125}}); }
    const auto lines = read_json_lines(path);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[1]["epoch"], 1);
    EXPECT_EQ(lines[2]["loss"], 0.125);
  }
  { JsonLines(path).write({{"epoch", 0}}); }
  EXPECT_EQ(read_json_lines(path).size(), 1u);
  expect_error(1, [&] { read_json_lines(write("bad.jsonl", "{}\n[1]\n")); }, {"bad.jsonl:2"});
}

}  // namespace
}  // namespace fovea
