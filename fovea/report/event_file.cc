// SPDX-License-Identifier: Apache-2.0
#include "fovea/report/event_file.h"

#include <chrono>
#include <cstring>
#include <optional>
#include <span>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/record.h"

namespace fovea {
namespace {

constexpr const char* file_name = "events.out.tfevents.fovea";  // TensorBoard looks for "tfevents" in the name

// Protocol buffers on the wire: each field is its number and kind as a varint, then the value.
enum Kind : uint64_t { varint = 0, eight_bytes = 1, counted = 2, four_bytes = 5 };

void append_varint(std::string& message, uint64_t value) {
  for (; value >= 128; value >>= 7) message += static_cast<char>(value | 128);
  message += static_cast<char>(value);
}

void append_key(std::string& message, uint64_t field, Kind kind) { append_varint(message, field << 3 | kind); }

template <typename Number>
void append_fixed(std::string& message, uint64_t field, Number number) {
  append_key(message, field, sizeof number == 8 ? eight_bytes : four_bytes);
  message.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_counted(std::string& message, uint64_t field, std::string_view bytes) {
  append_key(message, field, counted);
  append_varint(message, bytes.size());
  message += bytes;
}

std::string start_event(int64_t step) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  std::string event;
  append_fixed(event, 1, now.count());
  append_key(event, 2, varint);
  append_varint(event, static_cast<uint64_t>(step));
  return event;
}

// One field at the front of a message.
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;                // of a varint or fixed field
  std::span<const std::byte> bytes;  // of a counted field
};

class Message {
 public:
  explicit Message(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::optional<Field> next() {
    Field field;
    uint64_t key = 0;
    if (bytes_.empty() || !take_varint(key)) return std::nullopt;
    field.number = key >> 3;
    switch (key & 7) {
      case varint:
        return take_varint(field.value) ? std::optional(field) : std::nullopt;
      case eight_bytes:
        return take_fixed(field.value, 8) ? std::optional(field) : std::nullopt;
      case four_bytes:
        return take_fixed(field.value, 4) ? std::optional(field) : std::nullopt;
      case counted: {
        uint64_t count = 0;
        if (!take_varint(count) || count > bytes_.size()) return std::nullopt;
        field.bytes = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return field;
      }
      default:
        return std::nullopt;
    }
  }

 private:
  bool take_varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = std::to_integer<uint64_t>(bytes_.front());
      bytes_ = bytes_.subspan(1);
      value |= (byte & 127) << shift;
      if (byte < 128) return true;
    }
    return false;
  }
  bool take_fixed(uint64_t& value, size_t size) {
    if (bytes_.size() < size) return false;
    std::memcpy(&value, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return true;
  }

  std::span<const std::byte> bytes_;
};

int64_t step_of(std::span<const std::byte> event) {
  Message message(event);
  while (const std::optional<Field> field = message.next()) {
    if (field->number == 2) return static_cast<int64_t>(field->value);
  }
  return 0;  // protocol buffers leave out zeros
}

// The bytes of the leading events of steps below `first_step`; 0 when not even the first record is complete.
size_t kept_bytes(const std::filesystem::path& path, int64_t first_step) {
  if (first_step <= 0 || !std::filesystem::exists(path)) return 0;
  const std::vector<std::byte> bytes = read_file(path);
  std::span<const std::byte> left(bytes);
  size_t kept = 0;
  while (const auto event = next_record(left)) {
    if (step_of(*event) >= first_step) break;
    kept = bytes.size() - left.size();
  }
  return kept;
}

void read_summary(std::span<const std::byte> bytes, int64_t step, std::vector<ScalarEvent>& events) {
  Message summary(bytes);
  while (const std::optional<Field> value = summary.next()) {
    if (value->number != 1) continue;
    ScalarEvent event{.step = step};
    Message fields(value->bytes);
    while (const std::optional<Field> field = fields.next()) {
      if (field->number == 1) event.tag.assign(reinterpret_cast<const char*>(field->bytes.data()), field->bytes.size());
      if (field->number == 2) std::memcpy(&event.value, &field->value, sizeof event.value);
    }
    events.push_back(std::move(event));
  }
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, int64_t first_step)
    : file_(folder / file_name, kept_bytes(folder / file_name, first_step)) {
  if (file_.kept() != 0) return;
  std::string event = start_event(0);
  append_counted(event, 3, "brain.Event:2");  // the version that every reader looks for first
  file_.append(frame_record(event));
}

void EventFile::write(int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, number] : scalars) {
    std::string value;
    append_counted(value, 1, tag);
    append_fixed(value, 2, static_cast<float>(number));
    append_counted(summary, 1, value);
  }
  std::string event = start_event(step);
  append_counted(event, 5, summary);
  file_.append(frame_record(event));
}

std::vector<ScalarEvent> read_events(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  std::span<const std::byte> left(bytes);
  std::vector<ScalarEvent> events;
  while (const auto event = next_record(left)) {
    Message message(*event);
    while (const std::optional<Field> field = message.next()) {
      if (field->number == 5) read_summary(field->bytes, step_of(*event), events);
    }
  }
  return events;
}

}  // namespace fovea
