// A folder per class: DIR/train/CLASS/*.jpg and DIR/test/CLASS/*.jpg (or DIR/val). Classes are numbered in the order of their
// names.
#include <algorithm>
#include <cctype>

#include "fovea/core/error.h"
#include "fovea/data/sources.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
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

class FolderDataset : public Dataset {
 public:
  FolderDataset(const fs::path& folder, int64_t image_size) : size_(image_size) {
    for (const fs::path& class_folder : entries(folder)) {
      if (!fs::is_directory(class_folder)) continue;
      for (const fs::path& path : entries(class_folder)) {
        if (is_picture(path)) items_.push_back({path, static_cast<int32_t>(class_names_.size())});
      }
      class_names_.push_back(class_folder.filename().string());
    }
    if (items_.empty())
      fail("{}: no pictures; the layout is a folder per class with .jpg, .jpeg or .png files", folder.string());
  }
  int64_t count() const override { return static_cast<int64_t>(items_.size()); }
  ImageShape image_shape() const override { return {size_, size_, 3}; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int32_t label(int64_t index) const override {
    if (index < 0 || index >= count()) fail("there is no image {} in a data set of {}", index, count());
    return items_[static_cast<size_t>(index)].label;
  }
  void read_image(int64_t index, std::span<uint8_t> pixels) const override {
    check_read(*this, index, pixels.size());
    const Image image = resize_center_crop(fovea::read_image(items_[static_cast<size_t>(index)].path), size_);
    std::ranges::copy(image.pixels, pixels.begin());
  }

 private:
  struct Item {
    fs::path path;
    int32_t label;
  };
  int64_t size_;
  std::vector<Item> items_;
  std::vector<std::string> class_names_;
};

}  // namespace

std::shared_ptr<const Dataset> open_folders(const fs::path& folder, Split split, int64_t image_size) {
  if (image_size < 0 || image_size > 4096) refuse("images of {0}x{0} pixels; the side is from 1 to 4096", image_size);
  auto dataset = std::make_shared<FolderDataset>(split_folder(folder, split), image_size == 0 ? 224 : image_size);
  // Numbers come from the names found, so a class missing from one split would shift the others.
  if (split == Split::test && fs::is_directory(folder / "train")) {
    const FolderDataset train(folder / "train", image_size == 0 ? 224 : image_size);
    if (train.class_names() != dataset->class_names()) {
      fail("{}: the classes of the test pictures are not those of the training pictures", folder.string());
    }
  }
  return dataset;
}

}  // namespace fovea
