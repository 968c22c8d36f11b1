// SPDX-License-Identifier: Apache-2.0
/// \file
/// Data sets of image files given by file and offset, which is what folders, shards and lists of paths are once they are
/// indexed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/data/sources/sources.h"

namespace fovea {

/// Where a sample is.
struct Entry {
  uint32_t file = 0;    ///< index among the files
  int32_t label = 0;    ///< class
  uint64_t offset = 0;  ///< of the image file, or of the record around it
  uint64_t length = 0;  ///< in bytes
};

/// A data set of indexed samples.
class EntryDataset : public EncodedDataset {
 public:
  /// The number of samples.
  int64_t count() const override { return static_cast<int64_t>(entries_.size()); }
  /// The names of the classes.
  const std::vector<std::string>& class_names() const override { return class_names_; }
  /// The class of a sample.
  int32_t label(int64_t index) const override { return entry(index).label; }
  std::string image_name(int64_t index) const override;  ///< FILE, byte N
  /// The bytes of the image file. Fails when the index is out of range or the file cannot be read.
  void read_bytes(int64_t index, std::vector<std::byte>& bytes) const override;
  /// What is noteworthy about how the data was found.
  std::string remark() const override { return remark_; }
  /// Sets what remark() returns.
  void set_remark(std::string remark) { remark_ = std::move(remark); }

 protected:
  /// A sample; fails when the index is out of range.
  const Entry& entry(int64_t index) const;
  /// The file of a sample, for messages.
  const std::filesystem::path& file(const Entry& entry) const { return files_[entry.file]; }

  /// The file that has the bytes: itself, or what it was uncompressed to.
  virtual const std::filesystem::path& place(const Entry& entry) const { return file(entry); }

  std::vector<std::filesystem::path> files_;  ///< those that entries refer to
  std::vector<Entry> entries_;                ///< in the order of the data set
  std::vector<std::string> class_names_;      ///< in the order of their numbers
  std::string remark_;                        ///< see remark()
};

/// Thrown for a split that has images but no label at all; the next candidate may have some.
class Unlabeled : public Error {
 public:
  /// `message` says which split.
  explicit Unlabeled(const std::string& message) : Error(ErrorCode::data_loss, message) {}
};

/// The words for a split, lower case, in the order in which they are looked for.
const std::vector<std::string>& split_words(Split split);

/// The folders in `folder` whose name is one of the split's words, in any case.
std::vector<std::filesystem::path> split_folders(const std::filesystem::path& folder, Split split);

/// The folders of classes in `folder`, in the order of their names. Fails on a name that is not a line of UTF-8.
std::vector<std::filesystem::path> class_folders(const std::filesystem::path& folder);

/// The endings of names of image files, for messages.
inline constexpr const char* picture_endings = ".jpg, .jpeg, .png, .webp, .gif or .bmp";

/// The candidates for the shards of a split: the files in DIR/train (DIR/test, DIR/val and so on), or else those in DIR that
/// have the word in their names, sorted. Only files whose names `is_shard` accepts count. Fails when there are none.
std::vector<std::vector<std::filesystem::path>> shard_files(const std::filesystem::path& folder, Split split, const char* kind,
                                                            bool (*is_shard)(std::string_view name));

/// open(candidate) for the first candidate that does not throw Unlabeled; its remark tells about those before it.
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

/// A label from a file, which must be in [0, most]; fails in a message that begins with `where`.
int32_t checked_label(int64_t label, const std::string& where);
/// The same from text, which must be digits alone.
int32_t parse_label(std::string_view text, const std::string& where);

/// The names of classes that have numbers: the lines of classes.txt in `folder` if it exists, else the numbers. Fails when
/// there are fewer than `count`.
std::vector<std::string> numbered_names(const std::filesystem::path& folder, int64_t count);

}  // namespace fovea
