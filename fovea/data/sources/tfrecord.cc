// SPDX-License-Identifier: Apache-2.0
// Shards of TFRecords whose records are tf.train.Example messages with the features image/encoded and image/class/label, which
// is how ImageNet is stored: train-00000-of-01024, validation-00000-of-00128. The index is built from the frames and the small
// features alone; the checksum of a record is checked when its image is read.
//
// A shard compressed with gzip is uncompressed into a temporary file while the data set is open.
//
// ImageNet's shards number the classes from 1 and leave 0 to the background. Label 1 is class 0 here, unless there is a record
// with label 0; then the numbers are used as they are.
#include <cstring>
#include <map>
#include <memory>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/lines.h"
#include "fovea/core/record.h"
#include "fovea/core/text.h"
#include "fovea/data/sources/gzip.h"
#include "fovea/data/sources/sample_index.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<const std::byte>;

constexpr size_t head_bytes = 12, tail_bytes = 4;  // of a record's frame

// The wire format of protocol buffers: a sequence of (field number, value).
struct Field {
  uint32_t number = 0;
  bool is_bytes = false;
  uint64_t value = 0;
  Bytes bytes;
};

std::optional<uint64_t> read_varint(Bytes& bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = std::to_integer<uint64_t>(bytes.front());
    bytes = bytes.subspan(1);
    value |= (byte & 127) << shift;
    if ((byte & 128) == 0) return value;
  }
  return std::nullopt;
}

// Takes the next field off `bytes`; returns nothing when it is malformed.
std::optional<Field> next_field(Bytes& bytes) {
  const std::optional<uint64_t> tag = read_varint(bytes);
  if (!tag) return std::nullopt;
  Field field{.number = static_cast<uint32_t>(*tag >> 3)};
  const uint64_t wire = *tag & 7;
  uint64_t length = wire == 1 ? 8 : wire == 5 ? 4 : 0;
  if (wire == 0 || wire == 2) {
    const std::optional<uint64_t> number = read_varint(bytes);
    if (!number) return std::nullopt;
    if (wire == 0) {
      field.value = *number;
      return field;
    }
    length = *number;
  } else if (length == 0) {
    return std::nullopt;
  }
  if (length > bytes.size()) return std::nullopt;
  field.is_bytes = true;
  field.bytes = bytes.first(length);
  bytes = bytes.subspan(length);
  return field;
}

// Calls visit(field) for every field; false when the message is malformed.
template <typename Visit>
bool for_each_field(Bytes message, Visit visit) {
  while (!message.empty()) {
    const std::optional<Field> field = next_field(message);
    if (!field) return false;
    if (!visit(*field)) return false;
  }
  return true;
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Example {
  Bytes encoded;
  std::optional<int64_t> label;
  std::string_view text;
};

// Feature: bytes_list = 1 or int64_list = 3, each a message with field 1; numbers may be packed.
bool read_feature(std::string_view key, Bytes feature, Example& example) {
  return for_each_field(feature, [&](const Field& list) {
    if (!list.is_bytes) return false;
    return for_each_field(list.bytes, [&](const Field& value) {
      if (list.number == 1 && value.is_bytes) {
        if (key == "image/encoded") example.encoded = value.bytes;
        if (key == "image/class/text") example.text = text_of(value.bytes);
      } else if (list.number == 3 && key == "image/class/label") {
        Bytes packed = value.bytes;
        const std::optional<uint64_t> number = value.is_bytes ? read_varint(packed) : value.value;
        if (!number) return false;
        example.label = static_cast<int64_t>(*number);
      }
      return true;
    });
  });
}

// Example { features = 1 { feature = 1: map entry { key = 1, value = 2 } } }
std::optional<Example> read_example(Bytes data) {
  Example example;
  const bool whole = for_each_field(data, [&](const Field& features) {
    if (features.number != 1 || !features.is_bytes) return true;
    return for_each_field(features.bytes, [&](const Field& feature) {
      if (feature.number != 1 || !feature.is_bytes) return true;
      std::string_view key;
      Bytes value;
      const bool read = for_each_field(feature.bytes, [&](const Field& part) {
        if (part.number == 1) key = text_of(part.bytes);
        if (part.number == 2) value = part.bytes;
        return true;
      });
      return read && read_feature(key, value, example);
    });
  });
  if (!whole) return std::nullopt;
  return example;
}

// Accepts train-00000-of-01024, train.tfrecord, train.tfrecord-00000-of-00008 and those compressed with gzip, but no index or
// list beside them.
bool is_shard(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.substr(dot).find("-of-") != std::string_view::npos) return true;
  const std::string_view ending = name.substr(dot);
  return ending.starts_with(".tfrec") || ending == ".record" || ending == ".records" ||
         ending.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

class TfrecordDataset : public EntryDataset {
 public:
  explicit TfrecordDataset(std::vector<fs::path> files) {
    files_ = std::move(files);
    for (uint32_t file = 0; file < files_.size(); ++file) {
      unpacked_.push_back(is_gzip(files_[file]) ? std::make_shared<const UnpackedFile>(files_[file]) : nullptr);
      index_shard(file);
    }
    if (!unlabeled_.empty() && texts_.empty()) throw Unlabeled(unlabeled_);
    if (!unlabeled_.empty()) fail("{}", unlabeled_);
    if (entries_.empty())
      fail(ErrorCode::data_loss, "{}: the TFRecord shards hold no records", files_.front().parent_path().string());
  }

  // Takes class numbers and names from the training split.
  void number_classes(const TfrecordDataset& train) {
    const int32_t first = train.texts_.begin()->first == 0 ? 0 : 1;
    const int32_t last = train.texts_.rbegin()->first;
    for (int32_t label = first; label <= last; ++label) {
      const auto found = train.texts_.find(label);
      const bool named = found != train.texts_.end() && !found->second.empty();
      class_names_.push_back(named ? found->second : std::to_string(label));
    }
    for (Entry& entry : entries_) {
      if (entry.label < first || entry.label > last) {
        fail(ErrorCode::data_loss, "{}: label {} at byte {}; the training shards have {} to {}", file(entry).string(),
             entry.label, entry.offset, first, last);
      }
      entry.label -= first;
    }
  }

  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override {
    EntryDataset::read_bytes(index, bytes);
    uint32_t sum = 0;
    const Bytes data = Bytes(bytes).first(bytes.size() - tail_bytes);
    std::memcpy(&sum, bytes.data() + data.size(), sizeof sum);
    if (sum != masked_crc32c(data)) fail(ErrorCode::data_loss, "{}: the record's checksum is wrong", image_name(index));
    const std::optional<Example> example = read_example(data);
    if (!example) fail(ErrorCode::data_loss, "{}: the record is not a tf.train.Example", image_name(index));
    std::memmove(bytes.data(), example->encoded.data(), example->encoded.size());
    bytes.resize(example->encoded.size());
  }

 protected:
  const fs::path& place(const Entry& entry) const override {
    return unpacked_[entry.file] ? unpacked_[entry.file]->path() : file(entry);
  }

 private:
  void index_shard(uint32_t file) {
    const MappedFile mapped(place({.file = file}));
    const Bytes all = mapped.bytes();
    for (size_t at = 0; at < all.size();) {
      const std::string where = fmt::format("{}, record at byte {}", files_[file].string(), at);
      if (all.size() - at < head_bytes) fail(ErrorCode::data_loss, "{}: truncated shard", where);
      uint64_t length = 0;
      uint32_t sum = 0;
      std::memcpy(&length, all.data() + at, sizeof length);
      std::memcpy(&sum, all.data() + at + sizeof length, sizeof sum);
      if (sum != masked_crc32c(all.subspan(at, sizeof length)))
        fail(ErrorCode::data_loss, "{}: the checksum of its length is wrong", where);
      if (length > all.size() - at - head_bytes || all.size() - at - head_bytes - length < tail_bytes) {
        fail(ErrorCode::data_loss, "{}: truncated shard: it says {} bytes, {} are left", where, length,
             all.size() - at - head_bytes);
      }
      const std::optional<Example> example = read_example(all.subspan(at + head_bytes, length));
      if (!example) fail(ErrorCode::data_loss, "{}: not a tf.train.Example", where);
      if (example->encoded.empty() || !example->label) {
        if (unlabeled_.empty()) unlabeled_ = where + ": an example without image/encoded or image/class/label";
        at += head_bytes + length + tail_bytes;
        continue;
      }
      const int32_t label = checked_label(*example->label, where);
      std::string& text = texts_[label];
      if (text.empty()) text = example->text;
      if (!is_utf8(text)) fail(ErrorCode::data_loss, "{}: image/class/text \"{}\" is not UTF-8", where, escaped(text));
      entries_.push_back({file, label, at + head_bytes, length + tail_bytes});
      at += head_bytes + length + tail_bytes;
    }
  }

  std::map<int32_t, std::string> texts_;                       // by label
  std::vector<std::shared_ptr<const UnpackedFile>> unpacked_;  // null for a shard that is not compressed
  std::string unlabeled_;                                      // what is said about the first example without a label
};

}  // namespace

std::shared_ptr<const Dataset> open_tfrecord(const fs::path& folder, Split split) {
  const auto open = [](const std::vector<fs::path>& files) { return std::make_shared<TfrecordDataset>(files); };
  const auto dataset = open_labeled(shard_files(folder, split, "TFRecord", is_shard), open);
  if (split == Split::train) {
    dataset->number_classes(*dataset);
  } else {
    dataset->number_classes(*open(shard_files(folder, Split::train, "TFRecord", is_shard).front()));
  }
  return dataset;
}

}  // namespace fovea
