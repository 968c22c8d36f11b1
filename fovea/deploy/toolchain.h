// SPDX-License-Identifier: Apache-2.0
/// \file
/// The compiler and linker for other machines, as Debian packages them: clang-19, lld-19, and the C library of the target.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

/// A new folder that is deleted together with the object.
class TemporaryFolder {
 public:
  /// Creates the folder in the system's temporary folder; fails when that is not possible.
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  /// Deletes the folder and all that is in it.
  ~TemporaryFolder();
  /// Valid as long as this object.
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The options of clang for static C programs for `triple` ("aarch64-unknown-linux-gnu"). Refuses machines for which no
/// programs are made; fails with the name of the Debian package that is missing.
std::vector<std::string> program_options(const std::string& triple);

/// The options of clang for a WebAssembly module without imports.
std::vector<std::string> module_options();

/// Compiles and links `sources`, C files and objects, to `output`. Fails with the compiler's first error.
void run_clang(const std::vector<std::string>& options, const std::vector<std::filesystem::path>& sources,
               const std::filesystem::path& output);

}  // namespace fovea
