// SPDX-License-Identifier: Apache-2.0
// The compiler and linker of other machines, as Debian packages them: clang-19, lld-19, the C library of the target.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

// A folder of its own that is gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Options of clang for static programs of C for `triple` ("aarch64-unknown-linux-gnu"). Refuses machines whose programs are not
// known here; fails with the name of the Debian package that is missing.
std::vector<std::string> program_options(const std::string& triple);

// Options of clang for a module of WebAssembly that needs nothing around it.
std::vector<std::string> module_options();

// Compiles and links `sources` (C, and objects) to `output`. Fails with the compiler's first words.
void run_clang(const std::vector<std::string>& options, const std::vector<std::filesystem::path>& sources,
               const std::filesystem::path& output);

}  // namespace fovea
