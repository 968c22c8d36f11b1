// SPDX-License-Identifier: Apache-2.0
/// \file
/// A file while it is written. All that the library and the program write goes through here.
///
/// A plain file appears under its name only when it is complete on the disk: a temporary file beside it is written, synced and
/// renamed over it, so that the old content survives a crash, a kill or a full disk. Devices, pipes and the descriptors behind
/// /dev/stdout are written in place and never replaced. A symbolic link stays one; the file that it leads to is replaced in
/// this way.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace fovea {

/// What a name leads to once all its links are followed.
struct Destination {
  std::filesystem::path path;  ///< the name after the last link
  int descriptor = -1;    ///< a descriptor of this process, when the name is /dev/stdout, /dev/fd/N or a link to one; else -1
  bool in_place = false;  ///< whether it exists and is not a plain file, and so is written where it is
};

/// Follows the links of `path`, as many as Linux would.
Destination destination_of(const std::filesystem::path& path);

/// One file that is being written. Not for several threads at once. Every member fails with `cannot write PATH: REASON`.
class OutputFile {
 public:
  /// Opens the destination; folders are not created. `program` makes the file executable.
  explicit OutputFile(const std::filesystem::path& path, bool program = false);
  /// Without commit(), a plain file is left as it was.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Appends the bytes.
  void write(std::span<const std::byte> bytes);
  /// Syncs the file and puts it under its name. The last call on this object.
  void commit();

 private:
  void open_in_place(const Destination& destination);
  void open_beside(const std::filesystem::path& path, bool program);
  [[noreturn]] void fail_to_write(int reason);
  void close();

  std::filesystem::path named_;   // as the caller wrote it
  std::string name_, temporary_;  // names within the folder; empty where the file is written in place
  int folder_ = -1, descriptor_ = -1;
};

/// Whether the bytes of a file have gone to standard output; messages for people do not belong there then.
bool standard_output_taken();

}  // namespace fovea
