// SPDX-License-Identifier: Apache-2.0
// CIFAR-10 and CIFAR-100 in their binary layout (Krizhevsky, "Learning multiple layers of features from tiny images", 2009):
// records of one or two labels and 1,024 values each of red, green and blue, row by row.
#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/sources/sources.h"

namespace fovea {
namespace {

constexpr int64_t side = 32;
constexpr int64_t plane = side * side;

struct Layout {
  const char* set;
  std::vector<const char*> files;
  int64_t records;  // in a file
  int64_t labels;   // bytes before the pixels, of which the last is the class
  int64_t classes;
  const char* names_file;
};

// Reorders the planes so that channels are innermost.
void append_pixels(const uint8_t* planes, std::vector<uint8_t>& pixels) {
  const size_t start = pixels.size();
  pixels.resize(start + 3 * plane);
  uint8_t* target = pixels.data() + start;
  for (int64_t i = 0; i < plane; ++i) {
    target[3 * i] = planes[i];
    target[3 * i + 1] = planes[plane + i];
    target[3 * i + 2] = planes[2 * plane + i];
  }
}

void append_file(const std::filesystem::path& path, const Layout& layout, MemoryDataset& dataset) {
  const int64_t record = layout.labels + 3 * plane;
  const std::vector<std::byte> bytes = read_file(path);
  if (static_cast<int64_t>(bytes.size()) != layout.records * record) {
    fail(ErrorCode::data_loss, "{}: {} bytes, but {} records of {} bytes are {}", path.string(), bytes.size(), layout.records,
         record, layout.records * record);
  }
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  for (int64_t i = 0; i < layout.records; ++i, at += record) {
    const int32_t label = at[layout.labels - 1];
    if (label >= layout.classes) {
      fail(ErrorCode::data_loss, "{}: label {} of record {} is not one of 0..{}", path.string(), label, i, layout.classes - 1);
    }
    dataset.labels.push_back(label);
    append_pixels(at + layout.labels, dataset.pixels);
  }
}

// One name in a line. The file is optional, because only the pixels matter.
std::vector<std::string> class_names(const std::filesystem::path& path, int64_t classes, std::vector<std::string> otherwise) {
  if (!std::filesystem::exists(path)) return otherwise;
  const std::string text = read_text(path);
  std::vector<std::string> names;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) names.push_back(std::move(line));
    start = end + 1;
  }
  if (static_cast<int64_t>(names.size()) != classes) {
    fail(ErrorCode::data_loss, "{}: {} names, but the set has {} classes", path.string(), names.size(), classes);
  }
  return names;
}

std::shared_ptr<const Dataset> open_cifar(const std::filesystem::path& folder, const Layout& layout,
                                          std::vector<std::string> usual_names) {
  std::string missing;
  for (const char* file : layout.files) {
    if (!std::filesystem::exists(folder / file)) missing += missing.empty() ? file : std::string(", ") + file;
  }
  if (!missing.empty())
    fail(ErrorCode::data_loss, "{}: {} is made of {} records a file; missing: {}", folder.string(), layout.set, layout.records,
         missing);
  auto dataset = std::make_shared<MemoryDataset>(
      ImageShape{side, side, 3}, class_names(folder / layout.names_file, layout.classes, std::move(usual_names)));
  const size_t count = layout.files.size() * static_cast<size_t>(layout.records);
  dataset->labels.reserve(count);
  dataset->pixels.reserve(count * 3 * plane);
  for (const char* file : layout.files) append_file(folder / file, layout, *dataset);
  return dataset;
}

}  // namespace

std::shared_ptr<const Dataset> open_cifar10(const std::filesystem::path& folder, Split split) {
  Layout layout{.set = "CIFAR-10", .records = 10000, .labels = 1, .classes = 10, .names_file = "batches.meta.txt"};
  if (split == Split::test) {
    layout.files = {"test_batch.bin"};
  } else {
    layout.files = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  }
  return open_cifar(folder, layout, {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"});
}

std::shared_ptr<const Dataset> open_cifar100(const std::filesystem::path& folder, Split split) {
  Layout layout{.set = "CIFAR-100", .labels = 2, .classes = 100, .names_file = "fine_label_names.txt"};
  layout.files = {split == Split::train ? "train.bin" : "test.bin"};
  layout.records = split == Split::train ? 50000 : 10000;
  std::vector<std::string> numbers;
  for (int number = 0; number < 100; ++number) numbers.push_back("class " + std::to_string(number));
  return open_cifar(folder, layout, std::move(numbers));
}

}  // namespace fovea
