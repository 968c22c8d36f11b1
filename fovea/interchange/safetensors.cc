// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/output_file.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr uint64_t longest_header = 100'000'000;  // the limit of the format's own reader

struct TypeName {
  DType dtype;
  const char* name;
};
constexpr std::array<TypeName, 10> type_names{{{DType::f32, "F32"},
                                               {DType::f64, "F64"},
                                               {DType::bf16, "BF16"},
                                               {DType::f16, "F16"},
                                               {DType::i8, "I8"},
                                               {DType::u8, "U8"},
                                               {DType::i16, "I16"},
                                               {DType::i32, "I32"},
                                               {DType::i64, "I64"},
                                               {DType::boolean, "BOOL"}}};

std::string type_name(DType dtype) { return std::ranges::find(type_names, dtype, &TypeName::dtype)->name; }

// What the header says about one tensor.
struct Entry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  uint64_t begin = 0, end = 0;  // in bytes from the start of the data
};

json parse_header(std::string_view text, const std::string& file) {
  // JSON does not say what a repeated key means; here it would hide a tensor.
  std::set<std::string> keys;
  std::string repeated;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::key && depth == 1 && !keys.insert(value.get<std::string>()).second) {
      repeated = value.get<std::string>();
    }
    return true;
  };
  json header;
  try {
    header = json::parse(text, watch);
  } catch (const json::exception&) {
    fail(ErrorCode::data_loss, "{}: damaged safetensors file: its header is not JSON", file);
  }
  if (!header.is_object()) fail(ErrorCode::data_loss, "{}: damaged safetensors file: its header is not a JSON object", file);
  if (!repeated.empty()) fail(ErrorCode::data_loss, "{}: tensor \"{}\" is there twice", file, repeated);
  return header;
}

uint64_t offset(const json& value, const std::string& file, const std::string& tensor) {
  if (!value.is_number_unsigned())
    fail(ErrorCode::data_loss, "{}: tensor \"{}\": data_offsets {} is not two offsets", file, tensor, value.dump());
  return value.get<uint64_t>();
}

Shape parse_shape(const json& extents, const std::string& file, const std::string& tensor) {
  Shape shape;
  for (const json& extent : extents) {
    // Negative numbers and fractions are not unsigned integers.
    if (!extent.is_number_unsigned() || extent.get<uint64_t>() > INT64_MAX) {
      fail(ErrorCode::data_loss, "{}: tensor \"{}\": {} in its shape is not an extent", file, tensor, extent.dump());
    }
    shape.push_back(extent.get<int64_t>());
  }
  return shape;
}

Entry parse_entry(const std::string& tensor, const json& value, const std::string& file) {
  if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string() || !value.contains("shape") ||
      !value["shape"].is_array() || !value.contains("data_offsets") || !value["data_offsets"].is_array() ||
      value["data_offsets"].size() != 2) {
    fail(ErrorCode::data_loss, "{}: tensor \"{}\": its entry needs dtype, shape and two data_offsets", file, tensor);
  }
  const auto wanted = value["dtype"].get<std::string>();
  const auto* type = std::ranges::find_if(type_names, [&](const TypeName& row) { return row.name == wanted; });
  if (type == type_names.end())
    fail(ErrorCode::data_loss, "{}: tensor \"{}\": unknown element type \"{}\"", file, tensor, wanted);
  return {.name = tensor,
          .dtype = type->dtype,
          .shape = parse_shape(value["shape"], file, tensor),
          .begin = offset(value["data_offsets"][0], file, tensor),
          .end = offset(value["data_offsets"][1], file, tensor)};
}

// The bytes that the shape asks for; an overflow fails here.
uint64_t wanted_bytes(const Entry& entry, const std::string& file) {
  uint64_t bytes = byte_size(entry.dtype);
  for (const int64_t extent : entry.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) {
      fail(ErrorCode::data_loss, "{}: tensor \"{}\": shape {} is larger than any file", file, entry.name,
           to_string(entry.shape));
    }
  }
  return bytes;
}

// The data must be covered exactly once, from its first byte to its last.
void check_ranges(std::vector<Entry>& entries, uint64_t data, const std::string& file) {
  std::ranges::sort(entries,
                    [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t covered = 0;
  for (const Entry& entry : entries) {
    const auto& [tensor, dtype, shape, begin, end] = entry;
    if (begin > end || end > data) {
      fail(ErrorCode::data_loss, "{}: tensor \"{}\": bytes {}..{} are outside the data of {} bytes", file, tensor, begin, end,
           data);
    }
    const uint64_t wanted = wanted_bytes(entry, file);
    if (end - begin != wanted) {
      fail(ErrorCode::data_loss, "{}: tensor \"{}\": {} of {} takes {} bytes, but {} are given", file, tensor, to_string(shape),
           type_name(dtype), wanted, end - begin);
    }
    if (begin < covered)
      fail(ErrorCode::data_loss, "{}: tensor \"{}\" overlaps the one before it at byte {}", file, tensor, begin);
    if (begin > covered)
      fail(ErrorCode::data_loss, "{}: bytes {}..{} before tensor \"{}\" belong to none", file, covered, begin, tensor);
    covered = end;
  }
  if (covered != data)
    fail(ErrorCode::data_loss, "{}: the tensors end at byte {} of the data, which has {}", file, covered, data);
}

std::map<std::string, std::string> parse_metadata(const json& metadata, const std::string& file) {
  std::map<std::string, std::string> result;
  if (!metadata.is_object()) fail(ErrorCode::data_loss, "{}: __metadata__ is not a JSON object of text", file);
  for (const auto& [key, value] : metadata.items()) {
    if (!value.is_string()) fail(ErrorCode::data_loss, "{}: __metadata__ \"{}\" is not text", file, key);
    result[key] = value.get<std::string>();
  }
  return result;
}

}  // namespace

namespace {

// A file that is read in parts, so that its tensors are in memory only once. What is not a plain file is read at once.
class Source {
 public:
  explicit Source(const std::filesystem::path& path) : path_(path) {
    std::error_code error;
    plain_ = std::filesystem::is_regular_file(path, error);
    if (!plain_) bytes_ = read_file(path);
    size_ = plain_ ? std::filesystem::file_size(path, error) : bytes_.size();
    if (error) fail(code_of_errno(error.value()), "cannot read {}: {}", path.string(), error.message());
  }
  uint64_t size() const { return size_; }
  void read(uint64_t offset, std::span<std::byte> into) const {
    if (plain_) return read_part(path_, offset, into);
    if (!into.empty()) std::memcpy(into.data(), bytes_.data() + offset, into.size());
  }

 private:
  const std::filesystem::path& path_;
  bool plain_ = false;
  std::vector<std::byte> bytes_;
  uint64_t size_ = 0;
};

}  // namespace

Safetensors read_safetensors(const std::filesystem::path& path) {
  const std::string file = path.string();
  const Source source(path);
  if (source.size() < 8) fail(ErrorCode::data_loss, "{}: {} bytes are too few for a safetensors file", file, source.size());
  uint64_t length = 0;
  source.read(0, std::as_writable_bytes(std::span(&length, 1)));
  if (length > longest_header || length > source.size() - 8) {
    fail(ErrorCode::data_loss, "{}: not a safetensors file, or truncated: a header of {} bytes is announced, {} follow", file,
         length, source.size() - 8);
  }
  std::string text(length, '\0');
  source.read(8, std::as_writable_bytes(std::span(text)));
  const json header = parse_header(text, file);
  Safetensors contents;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      contents.metadata = parse_metadata(value, file);
    } else {
      entries.push_back(parse_entry(name, value, file));
    }
  }
  check_ranges(entries, source.size() - 8 - length, file);
  for (const Entry& entry : entries) {
    Tensor tensor(entry.shape, entry.dtype);
    source.read(8 + length + entry.begin, {tensor.raw(), tensor.bytes()});
    contents.tensors.emplace(entry.name, std::move(tensor));
  }
  return contents;
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& contents) {
  std::map<std::string, TensorSource> sources;
  for (const auto& [name, tensor] : contents.tensors) {
    if (element_count(tensor.shape()) != tensor.size())
      refuse("{}: tensor \"{}\" was never given a value", path.string(), name);
    sources[name] = {tensor.shape(), tensor.dtype(), [&tensor] { return tensor; }};
  }
  write_safetensors(path, sources, contents.metadata);
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorSource>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<const std::pair<const std::string, TensorSource>*> order;
  for (const auto& item : tensors) {
    if (item.first == "__metadata__") refuse("{}: a tensor cannot be named __metadata__", path.string());
    order.push_back(&item);
  }
  std::ranges::stable_sort(
      order, [](const auto* a, const auto* b) { return byte_size(a->second.dtype) > byte_size(b->second.dtype); });
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t end = 0;
  for (const auto* item : order) {
    const TensorSource& source = item->second;
    const uint64_t begin = end;
    end += static_cast<uint64_t>(element_count(source.shape)) * byte_size(source.dtype);
    header[item->first] = {{"dtype", type_name(source.dtype)}, {"shape", source.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    fail("{}: a name or the metadata is not UTF-8", path.string());
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  OutputFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(text)));
  for (const auto* item : order) {
    const Tensor tensor = item->second.make();
    if (tensor.shape() != item->second.shape || tensor.dtype() != item->second.dtype)
      fail("{}: tensor \"{}\" is not what was announced", path.string(), item->first);
    file.write({tensor.raw(), tensor.bytes()});
  }
  file.commit();
}

}  // namespace fovea
