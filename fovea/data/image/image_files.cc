// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/image_files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <set>

#include "fovea/core/error.h"
#include "fovea/data/image/image_bytes.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return text;
}

bool begins_as_picture(const fs::path& path) {
  std::array<char, 32> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), std::ssize(start));
  const auto* bytes = reinterpret_cast<const uint8_t*>(start.data());
  const auto size = static_cast<size_t>(file.gcount());
  return fovea_is_jpeg(bytes, size) != 0 || fovea_is_png(bytes, size) != 0 || fovea_is_gif(bytes, size) != 0 ||
         fovea_is_bmp(bytes, size) != 0 || fovea_is_webp(bytes, size) != 0 || fovea_is_avif(bytes, size) != 0 ||
         fovea_is_heic(bytes, size) != 0;
}

// `above` has the folders on the way here, so that circular links end.
void collect(const fs::path& folder, std::set<fs::path>& above, std::vector<fs::path>& pictures) {
  std::error_code error;
  const fs::path place = fs::canonical(folder, error);
  if (error || !above.insert(place).second) return;
  for (fs::path& path : entries_in(folder)) {
    if (fs::is_directory(path, error)) {
      collect(path, above, pictures);
    } else if (has_picture_ending(path) ||
               (!path.has_extension() && fs::is_regular_file(path, error) && begins_as_picture(path))) {
      pictures.push_back(std::move(path));
    }
  }
  above.erase(place);
}

}  // namespace

bool is_hidden(std::string_view name) {
  static const std::vector<std::string> left_behind{"__macosx",    "@eadir",       "thumbs.db", "ehthumbs.db",
                                                    "desktop.ini", "$recycle.bin", "lost+found"};
  return name.starts_with('.') || std::ranges::find(left_behind, lower(std::string(name))) != left_behind.end();
}

std::vector<fs::path> entries_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!is_hidden(at->path().filename().native())) paths.push_back(at->path());
  }
  if (error) fail(code_of_errno(error.value()), "cannot read {}: {}", folder.string(), error.message());
  std::ranges::sort(paths);
  return paths;
}

bool has_picture_ending(const fs::path& path) {
  static const std::vector<std::string> endings{".jpg", ".jpeg", ".jpe",  ".jfif", ".png",  ".webp", ".gif", ".bmp",
                                                ".dib", ".heic", ".heif", ".hif",  ".avif", ".tif",  ".tiff"};
  return std::ranges::find(endings, lower(path.extension().string())) != endings.end();
}

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::set<fs::path> above;
  std::vector<fs::path> pictures;
  collect(folder, above, pictures);
  std::ranges::sort(pictures);
  return pictures;
}

}  // namespace fovea
