// SPDX-License-Identifier: Apache-2.0
// A file while it is written. All that the library and the program write goes through here.
//
// A plain file appears under its name only when it is complete on the disk: a temporary file beside it is written, fsynced and
// renamed over it, so that after a crash, a kill or a full disk the old content stands. What else may bear the name is written
// to where it is and never replaced: devices, pipes, and the descriptors behind /dev/stdout. A symbolic link stays one; the
// file that it leads to is replaced in this way.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace fovea {

// What a name leads to, once all its links are followed.
struct Destination {
  std::filesystem::path path;
  int descriptor = -1;    // of this process, behind /dev/stdout, /dev/fd/N and links to them
  bool in_place = false;  // exists and is no plain file
};

Destination destination_of(const std::filesystem::path& path);

class OutputFile {
 public:
  // Fails with `cannot write PATH: REASON`, as all members do. `program`: a file that can be executed.
  explicit OutputFile(const std::filesystem::path& path, bool program = false);
  // Without commit(), a plain file is as it was.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::span<const std::byte> bytes);
  // The last thing: the file is complete.
  void commit();

 private:
  void open_in_place(const Destination& destination);
  void open_beside(const std::filesystem::path& path, bool program);
  [[noreturn]] void fail_to_write(int reason);
  void close();

  std::filesystem::path named_;   // by the caller
  std::string name_, temporary_;  // in the folder; empty where it is written in place
  int folder_ = -1, descriptor_ = -1;
};

// Whether a file's bytes have gone to standard output: then words for people do not belong there.
bool standard_output_taken();

}  // namespace fovea
