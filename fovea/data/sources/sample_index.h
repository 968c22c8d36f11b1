// SPDX-License-Identifier: Apache-2.0
// Photographs that lie in files somewhere, by offset: what folders, shards and lists of paths are once they are indexed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/data/sources/sources.h"

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
  std::string remark() const override { return remark_; }
  void set_remark(std::string remark) { remark_ = std::move(remark); }

 protected:
  const Entry& entry(int64_t index) const;
  const std::filesystem::path& file(const Entry& entry) const { return files_[entry.file]; }

  // Where a file's bytes are: itself, or what it was unpacked to.
  virtual const std::filesystem::path& place(const Entry& entry) const { return file(entry); }

  std::vector<std::filesystem::path> files_;
  std::vector<Entry> entries_;
  std::vector<std::string> class_names_;
  std::string remark_;
};

// A split that has pictures and not a single label: the next candidate may have them.
class Unlabeled : public Error {
 public:
  explicit Unlabeled(const std::string& message) : Error(1, message) {}
};

// What the folders and files of a split are called, lower case, in the order in which they are looked for.
const std::vector<std::string>& split_words(Split split);

// Folders in `folder` that are called by one of the split's words, in any case.
std::vector<std::filesystem::path> split_folders(const std::filesystem::path& folder, Split split);

// The folders of classes in `folder`, in the order of their names. Fails on a name that is not a line of UTF-8.
std::vector<std::filesystem::path> class_folders(const std::filesystem::path& folder);

inline constexpr const char* picture_endings = ".jpg, .jpeg, .png, .webp, .gif or .bmp";

// The candidates for the shards of a split: the files in DIR/train (DIR/test, DIR/val and so on), or else those in DIR that
// have the word in their names, sorted. Only files that `is_shard` takes by their names count. Fails when there are none.
std::vector<std::vector<std::filesystem::path>> shard_files(const std::filesystem::path& folder, Split split, const char* kind,
                                                            bool (*is_shard)(std::string_view name));

// open(candidate) for the first candidate that is not Unlabeled; its remark tells of those before it.
template <typename Candidate, typename Open>
auto open_labeled(const std::vector<Candidate>& candidates, Open open) {
  std::string remark;
  for (size_t i = 0;; ++i) {
    try {
      auto dataset = open(candidates[i]);
      if (!remark.empty()) dataset->set_remark(remark + "; the next is used");
      return dataset;
    } catch (const Unlabeled& error) {
      if (i + 1 == candidates.size()) throw;
      remark += (remark.empty() ? "" : "; ") + std::string(error.what());
    }
  }
}

// A label from a file, in [0, most]; fails with `where` in front.
int32_t checked_label(int64_t label, const std::string& where);
// The same from digits alone.
int32_t parse_label(std::string_view text, const std::string& where);

// One name a line from classes.txt in `folder` where it exists, else the numbers. Fails when there are fewer than `count`.
std::vector<std::string> numbered_names(const std::filesystem::path& folder, int64_t count);

}  // namespace fovea
