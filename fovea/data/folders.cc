// A folder per class: DIR/train/CLASS/* and DIR/test/CLASS/* (or DIR/val). Classes are numbered in the order of their names.
#include <algorithm>
#include <cctype>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/sources.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  static const std::vector<std::string> endings{".jpg", ".jpeg", ".png", ".bmp", ".webp"};
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return std::ranges::find(endings, ending) != endings.end();
}

// Sorted, so that the numbering does not depend on the file system.
std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) paths.push_back(at->path());
  if (error) fail("cannot read {}: {}", folder.string(), error.message());
  std::ranges::sort(paths);
  return paths;
}

fs::path split_folder(const fs::path& folder, Split split) {
  if (split == Split::train && fs::is_directory(folder / "train")) return folder / "train";
  for (const char* candidate : {"test", "val", "validation"}) {
    if (split == Split::test && fs::is_directory(folder / candidate)) return folder / candidate;
  }
  fail("{}: no folder {}; the layout is DIR/train/CLASS/*.jpg and DIR/test/CLASS/*.jpg", folder.string(),
       split == Split::train ? "train" : "test or val");
}

std::vector<fs::path> class_folders(const fs::path& folder) {
  std::vector<fs::path> folders = entries(folder);
  std::erase_if(folders, [](const fs::path& path) { return !fs::is_directory(path); });
  return folders;
}

class FolderDataset : public EncodedDataset {
 public:
  explicit FolderDataset(const fs::path& folder) {
    for (const fs::path& class_folder : class_folders(folder)) {
      const size_t before = items_.size();
      for (fs::path& path : entries(class_folder)) {
        if (is_picture(path)) items_.push_back({std::move(path), static_cast<int32_t>(class_names_.size())});
      }
      if (items_.size() == before) {
        fail("{}: no pictures in this class folder; a class needs .jpg, .jpeg, .png, .bmp or .webp files",
             class_folder.string());
      }
      class_names_.push_back(class_folder.filename().string());
    }
    if (items_.empty()) {
      fail("{}: no pictures; the layout is a folder per class with .jpg, .jpeg, .png, .bmp or .webp files", folder.string());
    }
  }
  int64_t count() const override { return static_cast<int64_t>(items_.size()); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int32_t label(int64_t index) const override { return item(index).label; }
  std::string image_name(int64_t index) const override { return item(index).path.string(); }
  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override { bytes = read_file(item(index).path); }

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
};

}  // namespace

std::shared_ptr<const Dataset> open_folders(const fs::path& folder, Split split) {
  auto dataset = std::make_shared<FolderDataset>(split_folder(folder, split));
  // Numbers come from the names found, so a class missing from one split would shift the others.
  if (split == Split::test && fs::is_directory(folder / "train")) {
    std::vector<std::string> names;
    for (const fs::path& path : class_folders(folder / "train")) names.push_back(path.filename().string());
    if (names != dataset->class_names()) {
      fail("{}: the classes of the test pictures are not those of the training pictures", folder.string());
    }
  }
  return dataset;
}

}  // namespace fovea
