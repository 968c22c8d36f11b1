// SPDX-License-Identifier: Apache-2.0
// IDX files (LeCun, Cortes and Burges, "The MNIST database"): a magic number, extents, and bytes; all numbers are big-endian.
#include <zlib.h>

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/sources/sources.h"

namespace fovea {
namespace {

constexpr uint32_t images_magic = 2051;  // 0x00 0x00, 0x08 for unsigned bytes, 3 extents
constexpr uint32_t labels_magic = 2049;  // the same with 1 extent

uint32_t big_endian(std::span<const std::byte> bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<uint32_t>(bytes[at + i]);
  return value;
}

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

// The memory grows with the data that arrives and not with what a header promises; zlib checks checksum and length at the end.
std::vector<std::byte> gunzip(std::span<const std::byte> packed, const std::string& name) {
  constexpr size_t most = size_t{1} << 32;
  struct Stream : z_stream {
    Stream() : z_stream{} {}
    ~Stream() { inflateEnd(this); }
  } stream;
  if (inflateInit2(&stream, 15 + 16) != Z_OK) fail(ErrorCode::unavailable, "{}: zlib cannot start", name);
  std::vector<std::byte> bytes(std::min(most, packed.size() * 4 + 4096));
  size_t filled = 0;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  size_t left = packed.size();
  for (int status = Z_OK; status != Z_STREAM_END;) {
    if (filled == bytes.size()) {
      if (filled >= most) fail(ErrorCode::resource_exhausted, "{}: unpacks to more than {} GiB", name, most >> 30);
      bytes.resize(2 * filled);
    }
    const auto input = static_cast<uInt>(std::min<size_t>(left, 1 << 30));
    const auto output = static_cast<uInt>(std::min<size_t>(bytes.size() - filled, 1 << 30));
    stream.avail_in = input;
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + filled);
    stream.avail_out = output;
    status = inflate(&stream, Z_NO_FLUSH);
    left -= input - stream.avail_in;
    filled += output - stream.avail_out;
    if (status == Z_BUF_ERROR || (status == Z_OK && left == 0 && stream.avail_out != 0)) {
      fail(ErrorCode::data_loss, "{}: truncated gzip file: it ends after {} bytes", name, packed.size());
    }
    if (status != Z_OK && status != Z_STREAM_END) {
      fail(ErrorCode::data_loss, "{}: damaged gzip file: {}", name,
           stream.msg != nullptr ? stream.msg : "zlib gives no reason");
    }
  }
  if (left != 0) fail(ErrorCode::data_loss, "{}: damaged gzip file: {} bytes follow its end", name, left);
  bytes.resize(filled);
  return bytes;
}

struct File {
  std::string name;
  std::vector<std::byte> bytes;
};

// Some copies are named train-images.idx3-ubyte.
File read_either(const std::filesystem::path& folder, const std::string& file) {
  std::string dotted = file;
  dotted[dotted.rfind("-idx")] = '.';
  for (const std::string& name : {file, file + ".gz", dotted, dotted + ".gz"}) {
    const std::filesystem::path path = folder / name;
    if (!std::filesystem::is_regular_file(path)) continue;
    File result{path.string(), read_file(path)};
    if (is_gzip(result.bytes)) result.bytes = gunzip(result.bytes, result.name);
    return result;
  }
  fail(ErrorCode::not_found, "{}: there is neither {} nor {}.gz", folder.string(), file, file);
}

void check_header(const File& file, const char* what, uint32_t magic, size_t header) {
  if (file.bytes.size() < header)
    fail(ErrorCode::data_loss, "{}: {} bytes are too few for the header of {}, {}", file.name, file.bytes.size(), what, header);
  const uint32_t found = big_endian(file.bytes, 0);
  if (found != magic) fail(ErrorCode::data_loss, "{}: magic number {}, but {} start with {}", file.name, found, what, magic);
}

void check_size(const File& file, uint64_t header, uint64_t count, uint64_t each) {
  // Both factors are below 2^32, so the product is exact.
  const uint64_t size = file.bytes.size();
  if (size - header != count * each || count == 0) {
    fail(ErrorCode::data_loss, "{}: the header says {} items of {} bytes, {} in all, but {} bytes follow it", file.name, count,
         each, count * each, size - header);
  }
}

}  // namespace

std::shared_ptr<const Dataset> open_mnist(const std::filesystem::path& folder, Split split) {
  const std::string prefix = split == Split::train ? "train" : "t10k";
  const File images = read_either(folder, prefix + "-images-idx3-ubyte");
  check_header(images, "IDX images", images_magic, 16);
  const uint32_t count = big_endian(images.bytes, 4);
  const uint32_t rows = big_endian(images.bytes, 8);
  const uint32_t columns = big_endian(images.bytes, 12);
  if (rows < 1 || columns < 1 || rows > 4096 || columns > 4096) {
    fail("{}: images of {}x{} pixels; each side is from 1 to 4096", images.name, rows, columns);
  }
  check_size(images, 16, count, uint64_t{rows} * columns);

  const File labels = read_either(folder, prefix + "-labels-idx1-ubyte");
  check_header(labels, "IDX labels", labels_magic, 8);
  const uint32_t label_count = big_endian(labels.bytes, 4);
  check_size(labels, 8, label_count, 1);
  if (label_count != count)
    fail(ErrorCode::data_loss, "{}: {} labels for the {} images of {}", labels.name, label_count, count, images.name);

  std::vector<std::string> names;
  for (int digit = 0; digit < 10; ++digit) names.push_back(std::to_string(digit));
  auto dataset = std::make_shared<MemoryDataset>(ImageShape{rows, columns, 1}, std::move(names));
  dataset->labels.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const auto label = std::to_integer<int32_t>(labels.bytes[8 + i]);
    if (label > 9) fail(ErrorCode::data_loss, "{}: label {} of image {} is not one of 0..9", labels.name, label, i);
    dataset->labels[i] = label;
  }
  const auto* first = reinterpret_cast<const uint8_t*>(images.bytes.data());
  dataset->pixels.assign(first + 16, first + images.bytes.size());
  return dataset;
}

}  // namespace fovea
