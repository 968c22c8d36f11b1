// SPDX-License-Identifier: Apache-2.0
// Data sets with a folder for each class: DIR/train/CLASS/* and DIR/test/CLASS/* (or DIR/val), or DIR/CLASS/* in parts that are
// drawn. Images in folders below a class folder belong to the class. Classes are numbered in the order of the names of the
// training split's folders. Those of the test split are found by name, so a class may be missing from it. If a test folder has
// no labels, the next candidate is used.
#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/text.h"
#include "fovea/data/image/image_files.h"
#include "fovea/data/sources/picture_split.h"
#include "fovea/data/sources/sample_index.h"
#include "fovea/data/sources/sources.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr const char* layouts = "DIR/CLASS/*.jpg, or DIR/train/CLASS/*.jpg and DIR/test/CLASS/*.jpg";

std::vector<std::string> names_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const fs::path& path : folders) names.push_back(path.filename().string());
  return names;
}

class FolderDataset : public EncodedDataset {
 public:
  // `names` are the classes, which include those of all `folders`.
  FolderDataset(std::vector<std::string> names, const std::vector<fs::path>& folders, Split split)
      : class_names_(std::move(names)) {
    for (const fs::path& folder : folders) {
      const auto label = std::ranges::find(class_names_, folder.filename().string()) - class_names_.begin();
      std::vector<fs::path> pictures = pictures_in(folder);
      if (pictures.empty() && split == Split::train)
        fail(ErrorCode::not_found, "{}: no pictures in this class folder; a class needs {} files", folder.string(),
             picture_endings);
      for (fs::path& path : pictures) items_.push_back({std::move(path), static_cast<int32_t>(label)});
    }
  }
  // The images of one part of a list.
  FolderDataset(const fs::path& folder, const PictureSplit& split, Split part) : class_names_(split.classes) {
    for (const PictureSplit::Item& item : split.items)
      if (item.part == part) items_.push_back({folder / item.path, item.label});
    const auto missing = std::ranges::find_if(items_, [](const Item& item) { return !fs::exists(item.path); });
    if (missing != items_.end())
      fail(ErrorCode::not_found, "{} is no longer there, and the run's list of its pictures (split.csv) has it",
           missing->path.string());
  }
  int64_t count() const override { return static_cast<int64_t>(items_.size()); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int32_t label(int64_t index) const override { return item(index).label; }
  std::string image_name(int64_t index) const override { return item(index).path.string(); }
  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override { bytes = read_file(item(index).path); }
  int64_t stored_bytes(int64_t index) const override {
    std::error_code error;
    const uintmax_t bytes = fs::file_size(item(index).path, error);
    return error ? -1 : static_cast<int64_t>(bytes);
  }
  std::string remark() const override { return remark_; }
  void set_remark(std::string remark) { remark_ = std::move(remark); }

 private:
  struct Item {
    fs::path path;
    int32_t label;
  };
  const Item& item(int64_t index) const {
    check_index(*this, index);
    return items_[static_cast<size_t>(index)];
  }

  std::vector<Item> items_;
  std::vector<std::string> class_names_;
  std::string remark_;
};

// Fails, naming them, on folders of classes that are not among `names`, which are those of `train`.
void check_known(const fs::path& folder, const std::vector<fs::path>& folders, const std::vector<std::string>& names,
                 const fs::path& train) {
  std::string unknown;
  for (const std::string& name : names_of(folders)) {
    if (std::ranges::find(names, name) == names.end()) unknown += fmt::format("{}\"{}\"", unknown.empty() ? "" : ", ", name);
  }
  if (!unknown.empty()) fail(ErrorCode::not_found, "{}: no classes of {}: {}", folder.string(), train.string(), unknown);
}

std::shared_ptr<FolderDataset> open_train(const fs::path& folder, const fs::path& train) {
  const std::vector<fs::path> folders = class_folders(train);
  if (folders.empty()) {
    fail(ErrorCode::not_found, "{}: no pictures in folders of classes, {} beside them; the layout is {}/train/CLASS/*.jpg",
         train.string(), pictures_in(train).size(), folder.string());
  }
  return std::make_shared<FolderDataset>(names_of(folders), folders, Split::train);
}

// The first candidate with folders of the classes `names` of `train`, or all its classes when `names` is empty.
std::shared_ptr<FolderDataset> open_test(const std::vector<fs::path>& candidates, std::vector<std::string> names,
                                         const fs::path& train) {
  std::string remark;
  for (const fs::path& candidate : candidates) {
    const std::vector<fs::path> folders = class_folders(candidate);
    const std::vector<std::string> found = names_of(folders);
    const auto is_known = [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
    const bool labeled = train.empty() ? !found.empty() : std::ranges::any_of(found, is_known);
    if (labeled) {
      if (train.empty()) names = found;
      check_known(candidate, folders, names, train);
      auto dataset = std::make_shared<FolderDataset>(names, folders, Split::test);
      if (dataset->count() == 0)
        fail(ErrorCode::not_found, "{}: no pictures; a class needs {} files", candidate.string(), picture_endings);
      if (!remark.empty()) dataset->set_remark(fmt::format("{}; {} is used", remark, candidate.string()));
      return dataset;
    }
    if (!remark.empty()) remark += "; ";
    remark += fmt::format("{} has no folder of a class: its {} pictures have no labels", candidate.string(),
                          pictures_in(candidate).size());
  }
  if (!train.empty()) {
    for (const fs::path& candidate : candidates) check_known(candidate, class_folders(candidate), names, train);
  }
  fail("{}; labeled ones lie in a folder val beside it, a folder per class", remark);
}

}  // namespace

std::shared_ptr<const Dataset> open_split(const fs::path& folder, const PictureSplit& split, Split part) {
  auto dataset = std::make_shared<FolderDataset>(folder, split, part);
  if (part == Split::train) dataset->set_remark(split.remark);
  return dataset;
}

std::shared_ptr<const Dataset> open_folders(const fs::path& folder, Split split, const DatasetOptions& options) {
  if (options.split) return open_split(folder, *options.split, split);
  if (is_undivided(folder)) return open_split(folder, divided(folder, options.seed), split);
  const std::vector<fs::path> train = split_folders(folder, Split::train);
  if (split == Split::train) {
    if (train.empty())
      fail(ErrorCode::not_found, "{}: no folder train and no folders of classes; the layout is {}", folder.string(), layouts);
    return open_train(folder, train.front());
  }
  const std::vector<fs::path> candidates = split_folders(folder, Split::test);
  if (candidates.empty()) {
    fail(ErrorCode::not_found, "{}: no folder test or val; the layout is {}", folder.string(), layouts);
  }
  if (train.empty()) return open_test(candidates, {}, {});
  return open_test(candidates, names_of(class_folders(train.front())), train.front());
}

}  // namespace fovea
