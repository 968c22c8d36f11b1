// SPDX-License-Identifier: Apache-2.0
// Recognizes the kind of data set in a folder when the spec does not name it.
#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/text.h"
#include "fovea/data/image/image_files.h"
#include "fovea/data/sources/sample_index.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> all{"mnist",          "fashion-mnist", "cifar10", "cifar100", "images",
                                            "tfrecord",       "tar",           "csv",     "digits",   "imagenette",
                                            "imagenette-320", "imagenette-160"};
  return all;
}

bool holds(const fs::path& folder, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return fs::exists(folder / name); });
}

// Whether there are shards in `folder` or in the folders of its splits.
bool holds_shards(const fs::path& folder, bool (*is_shard)(std::string_view name)) {
  std::vector<fs::path> places = split_folders(folder, Split::train);
  places.push_back(folder);
  return std::ranges::any_of(places, [&](const fs::path& place) {
    return std::ranges::any_of(entries_in(place), [&](const fs::path& path) {
      return fs::is_regular_file(path) && is_shard(path.filename().string());
    });
  });
}

bool is_tar(std::string_view name) { return name.ends_with(".tar"); }
bool is_tfrecord(std::string_view name) {
  return name.find(".tfrecord") != name.npos || (name.find("-of-") != name.npos && name.find('.') == name.npos);
}

bool holds_class_folders(const fs::path& folder) {
  const auto has_pictures = [](const fs::path& place) { return !pictures_in(place).empty(); };
  std::vector<fs::path> places = split_folders(folder, Split::train);
  places.push_back(folder);
  return std::ranges::any_of(places,
                             [&](const fs::path& place) { return std::ranges::any_of(class_folders(place), has_pictures); });
}

[[noreturn]] void fail_unknown(const fs::path& folder) {
  constexpr const char* right = "the pictures of each class lie in a folder of their own, DIR/CLASS/*.jpg";
  const std::vector<fs::path> entries = entries_in(folder);
  const auto pictures = std::ranges::count_if(entries, has_picture_ending);
  if (entries.empty()) fail(ErrorCode::not_found, "{}: an empty folder; {}", folder.string(), right);
  if (pictures > 0) fail("{}: {} pictures side by side, of no class; {}", folder.string(), with_separators(pictures), right);
  fail(ErrorCode::not_found, "{}: no pictures, nor another data set that fovea data --help names; {}", folder.string(), right);
}

std::string kind_of(const fs::path& folder) {
  if (holds(folder, {"train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte"})) return "mnist";
  if (holds(folder, {"data_batch_1.bin"})) return "cifar10";
  if (holds(folder, {"train.bin"}) && holds(folder, {"test.bin"})) return "cifar100";
  if (holds_class_folders(folder)) return "images";
  if (holds_shards(folder, is_tar)) return "tar";
  if (holds_shards(folder, is_tfrecord)) return "tfrecord";
  fail_unknown(folder);
}

}  // namespace

std::string dataset_spec(std::string_view word) {
  const size_t colon = word.find(':');
  const std::string kind(word.substr(0, colon)), text(word);
  if (std::ranges::find(kinds(), kind) != kinds().end()) return text;
  std::error_code error;
  if (fs::is_directory(text, error)) {
    std::string folder = text;
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
    if (!holds_class_folders(folder) && holds(folder, {"train.csv"})) return "csv:" + folder + "/train.csv";
    return kind_of(folder) + ":" + folder;
  }
  if (fs::exists(text, error)) {
    if (text.ends_with(".csv")) return "csv:" + text;
    fail("{} is a file; a data set is a folder, or a list of pictures in a .csv file", text);
  }
  if (colon == word.npos && text.find('/') != text.npos) fail(ErrorCode::not_found, "there is no folder {}", text);
  refuse_unknown("kind of data set", kind, kinds());
}

bool same_data(std::string_view a, std::string_view b) {
  const std::string one = dataset_spec(a), other = dataset_spec(b);
  if (one == other) return true;
  const size_t colon = one.find(':') + 1;  // 0 when the spec has no kind
  if (one.substr(0, colon) != other.substr(0, colon)) return false;
  std::error_code error;
  return fs::equivalent(one.substr(colon), other.substr(colon), error) && !error;
}

}  // namespace fovea
