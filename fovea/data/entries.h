// Photographs that lie in files somewhere, by offset: what folders, shards and lists of paths are once they are indexed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/data/sources.h"

namespace fovea {

struct Entry {
  uint32_t file = 0;  // among files()
  int32_t label = 0;
  uint64_t offset = 0, length = 0;  // of the photograph, or of the record around it
};

class EntryDataset : public EncodedDataset {
 public:
  int64_t count() const override { return static_cast<int64_t>(entries_.size()); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int32_t label(int64_t index) const override { return entry(index).label; }
  std::string image_name(int64_t index) const override;  // FILE, byte N
  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override;

 protected:
  const Entry& entry(int64_t index) const;
  const std::filesystem::path& file(const Entry& entry) const { return files_[entry.file]; }

  std::vector<std::filesystem::path> files_;
  std::vector<Entry> entries_;
  std::vector<std::string> class_names_;
};

// The shards of a split: the files in DIR/train (DIR/test, DIR/val, DIR/validation), or those in DIR whose names contain that
// word, sorted. Fails when there are none.
std::vector<std::filesystem::path> shard_files(const std::filesystem::path& folder, Split split, const char* kind);

// A label from a file, in [0, most]; fails with `where` in front.
int32_t checked_label(int64_t label, const std::string& where);
// The same from digits alone.
int32_t parse_label(std::string_view text, const std::string& where);

// One name a line from classes.txt in `folder` where it exists, else the numbers. Fails when there are fewer than `count`.
std::vector<std::string> numbered_names(const std::filesystem::path& folder, int64_t count);

}  // namespace fovea
