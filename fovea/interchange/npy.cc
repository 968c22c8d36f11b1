// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct TypeName {
  DType dtype;
  std::string_view name;
};
constexpr std::array<TypeName, 9> type_names{{{DType::f32, "<f4"},
                                              {DType::f64, "<f8"},
                                              {DType::f16, "<f2"},
                                              {DType::i8, "|i1"},
                                              {DType::u8, "|u1"},
                                              {DType::i16, "<i2"},
                                              {DType::i32, "<i4"},
                                              {DType::i64, "<i8"},
                                              {DType::boolean, "|b1"}}};

// The header is a Python dictionary of three known keys. Each token is read if it is there; what is missing makes the file
// corrupt.
class Header {
 public:
  explicit Header(std::string_view text) : text_(text) {}

  bool parse() {
    if (!take('{')) return false;
    while (!take('}')) {
      const std::optional<std::string> key = word();
      if (!key || !take(':') || !value(*key)) return false;
      if (!take(',') && !peek('}')) return false;
    }
    skip();
    return text_.empty() && have_type_ && have_order_ && have_shape_;
  }

  std::string type;
  bool fortran = false;
  Shape shape;

 private:
  void skip() {
    const size_t start = text_.find_first_not_of(" \n\t");
    text_.remove_prefix(std::min(start, text_.size()));
  }
  bool peek(char wanted) {
    skip();
    return !text_.empty() && text_.front() == wanted;
  }
  bool take(char wanted) {
    if (!peek(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view wanted) {
    skip();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(wanted.size());
    return true;
  }
  std::optional<std::string> word() {
    const char quote = peek('"') ? '"' : '\'';
    if (!take(quote)) return std::nullopt;
    const size_t end = text_.find(quote);
    if (end == std::string_view::npos) return std::nullopt;
    std::string result(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return result;
  }
  bool value(const std::string& key) {
    if (key == "descr") {
      // A structured type is a list; its name is enough to refuse it.
      if (peek('[')) {
        const size_t end = text_.find(']');
        if (end == std::string_view::npos) return false;
        type = text_.substr(0, end + 1);
        text_.remove_prefix(end + 1);
        return have_type_ = true;
      }
      const std::optional<std::string> found = word();
      if (found) type = *found;
      return have_type_ = found.has_value();
    }
    if (key == "fortran_order") {
      fortran = take_word("True");
      return have_order_ = fortran || take_word("False");
    }
    if (key == "shape") return have_shape_ = tuple();
    return false;
  }
  bool tuple() {
    if (!take('(')) return false;
    while (!take(')')) {
      skip();
      int64_t extent = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) return false;
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      shape.push_back(extent);
      if (!take(',') && !peek(')')) return false;
    }
    return true;
  }

  std::string_view text_;
  bool have_type_ = false, have_order_ = false, have_shape_ = false;
};

struct Span {
  size_t begin = 0, end = 0;
};

Span header_span(std::span<const std::byte> bytes, const std::string& file) {
  if (bytes.size() < 10) fail(ErrorCode::data_loss, "{}: {} bytes are too few for a .npy file", file, bytes.size());
  if (std::memcmp(bytes.data(), magic.data(), magic.size()) != 0)
    fail(ErrorCode::data_loss, "{}: not a .npy file: it does not start with \\x93NUMPY", file);
  const auto byte = [&](size_t at) { return std::to_integer<size_t>(bytes[at]); };
  const size_t version = byte(6);
  if (version != 1 && version != 2) fail("{}: version {}.{} of .npy; 1 and 2 are read", file, version, byte(7));
  if (version == 1) return {10, 10 + byte(8) + (byte(9) << 8)};
  if (bytes.size() < 12) fail(ErrorCode::data_loss, "{}: {} bytes are too few for a .npy file", file, bytes.size());
  return {12, 12 + byte(8) + (byte(9) << 8) + (byte(10) << 16) + (byte(11) << 24)};
}

DType element_type(const Header& header, const std::string& file) {
  std::string known;
  for (const auto& [dtype, name] : type_names) {
    // A type of one byte has no byte order, but some writers give it one.
    if (header.type == name || (name[0] == '|' && header.type.starts_with('<') && header.type.substr(1) == name.substr(1)))
      return dtype;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  fail("{}: element type {} is not read; known: {}", file, header.type, known);
}

}  // namespace

Tensor read_npy(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::vector<std::byte> bytes = read_file(path);
  const Span span = header_span(bytes, file);
  if (span.end > bytes.size()) {
    fail(ErrorCode::data_loss, "{}: truncated: a header up to byte {} is announced, the file has {}", file, span.end,
         bytes.size());
  }
  Header header({reinterpret_cast<const char*>(bytes.data()) + span.begin, span.end - span.begin});
  if (!header.parse())
    fail(ErrorCode::data_loss, "{}: damaged header: descr, fortran_order and shape are expected in it", file);
  const DType dtype = element_type(header, file);
  if (header.fortran) fail("{}: Fortran order is not read; save numpy.ascontiguousarray(x) instead", file);
  uint64_t wanted = byte_size(dtype);
  for (const int64_t extent : header.shape) {
    if (__builtin_mul_overflow(wanted, static_cast<uint64_t>(extent), &wanted)) {
      fail(ErrorCode::data_loss, "{}: shape {} is larger than any file", file, to_string(header.shape));
    }
  }
  if (wanted != bytes.size() - span.end) {
    fail(ErrorCode::data_loss, "{}: shape {} of {} takes {} bytes, but {} follow the header", file, to_string(header.shape),
         header.type, wanted, bytes.size() - span.end);
  }
  Tensor tensor(header.shape, dtype);
  std::memcpy(tensor.raw(), bytes.data() + span.end, tensor.bytes());
  return tensor;
}

void write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  const auto* type = std::ranges::find(type_names, tensor.dtype(), &TypeName::dtype);
  if (type == type_names.end()) refuse("{}: NumPy has no type for {}", path.string(), name(tensor.dtype()));
  if (element_count(tensor.shape()) != tensor.size()) refuse("{}: the tensor was never given a value", path.string());
  std::string shape;
  for (const int64_t extent : tensor.shape()) shape += fmt::format("{}, ", extent);
  if (tensor.shape().size() > 1) shape.resize(shape.size() - 2);
  if (tensor.shape().size() == 1) shape.resize(shape.size() - 1);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type->name, shape);
  // The data starts at a multiple of 64 bytes; 10 bytes precede the header, and a newline ends it.
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string bytes(magic);
  bytes += {1, 0, static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
  write_text(path, bytes);
}

}  // namespace fovea
