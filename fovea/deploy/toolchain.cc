// SPDX-License-Identifier: Apache-2.0
#include "fovea/deploy/toolchain.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/settings.h"

extern char** environ;

namespace fovea {
namespace {

namespace fs = std::filesystem;

// Where Debian puts what a static program for a machine needs, and in which packages.
struct Machine {
  const char* architecture;  // the first part of the triple starts with it
  const char* triple;        // as Debian spells it
  const char* folder;        // the folder of libc.a
  const char* libc_package;
  const char* libgcc;
  const char* libgcc_package;
  std::vector<std::string> options;
};

const std::vector<Machine>& machines() {
  static const std::vector<Machine> known = {
#ifdef __x86_64__
      {"x86_64",
       "x86_64-linux-gnu",
       "/usr/lib/x86_64-linux-gnu",
       "libc6-dev",
       "/usr/lib/gcc/x86_64-linux-gnu",
       "libgcc-12-dev",
       {}},
#else
      {"x86_64",
       "x86_64-linux-gnu",
       "/usr/x86_64-linux-gnu/lib",
       "libc6-dev-amd64-cross",
       "/usr/lib/gcc-cross/x86_64-linux-gnu",
       "libgcc-12-dev-amd64-cross",
       {}},
#endif
      {"aarch64",
       "aarch64-linux-gnu",
       "/usr/aarch64-linux-gnu/lib",
       "libc6-dev-arm64-cross",
       "/usr/lib/gcc-cross/aarch64-linux-gnu",
       "libgcc-12-dev-arm64-cross",
       {}},
      {"arm",
       "arm-linux-gnueabihf",
       "/usr/arm-linux-gnueabihf/lib",
       "libc6-dev-armhf-cross",
       "/usr/lib/gcc-cross/arm-linux-gnueabihf",
       "libgcc-12-dev-armhf-cross",
       {"-march=armv7-a", "-mfpu=vfpv3-d16"}},
      {"riscv64",
       "riscv64-linux-gnu",
       "/usr/riscv64-linux-gnu/lib",
       "libc6-dev-riscv64-cross",
       "/usr/lib/gcc-cross/riscv64-linux-gnu",
       "libgcc-12-dev-riscv64-cross",
       {}},
  };
  return known;
}

bool on_path(const std::string& program) {
  const std::string& folders = settings().program_folders;
  for (size_t start = 0; start <= folders.size();) {
    const size_t end = std::min(folders.find(':', start), folders.size());
    if (::access((fs::path(folders.substr(start, end - start)) / program).c_str(), X_OK) == 0) return true;
    start = end + 1;
  }
  return false;
}

void need(bool present, const char* what, const char* package) {
  if (!present) fail(ErrorCode::not_found, "{} is not installed here: Debian's package {}", what, package);
}

void need_compiler(const char* linker) {
  need(on_path("clang-19"), "the compiler clang-19", "clang-19");
  need(on_path(linker), "the linker lld", "lld-19");
}

// The line that says what is wrong, out of everything that a compiler printed.
std::string first_error(const std::string& said) {
  const size_t error = std::min(said.find("error:"), said.size());
  const size_t start = said.rfind('\n', error) == std::string::npos ? 0 : said.rfind('\n', error) + 1;
  return said.substr(start, std::min(said.find('\n', start), said.size()) - start);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "fovea-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    fail(code_of_errno(errno), "cannot make a folder like {}: {}", name, std::strerror(errno));
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> program_options(const std::string& triple) {
  const auto machine =
      std::ranges::find_if(machines(), [&](const Machine& known) { return triple.starts_with(known.architecture); });
  const bool linux = triple.find("-linux-gnu") != std::string::npos;
  if (machine == machines().end() || !linux || (triple.starts_with("arm") && !triple.ends_with("eabihf"))) {
    refuse(
        "programs are made for x86_64-linux-gnu, aarch64-linux-gnu, armv7-linux-gnueabihf and riscv64-linux-gnu, and modules "
        "(NAME.wasm) for wasm32; for {} take the object, NAME.o",
        triple);
  }
  need_compiler("ld.lld-19");
  need(fs::exists(fs::path(machine->folder) / "libc.a"), "the C library of this target", machine->libc_package);
  need(fs::exists(machine->libgcc), "the compiler's library of this target", machine->libgcc_package);
  std::vector<std::string> options = {fmt::format("--target={}", machine->triple),
                                      "-fuse-ld=lld",
                                      "-static",
                                      "-Wl,--gc-sections",
                                      "-s",
                                      "-ffunction-sections",
                                      "-lm"};
  options.insert(options.end(), machine->options.begin(), machine->options.end());
  return options;
}

std::vector<std::string> module_options() {
  need_compiler("wasm-ld-19");
  // The stack comes first in memory, so that a kernel that exceeds it traps and does not overwrite weights.
  return {"--target=wasm32",          "-nostdlib",        "-Wl,--no-entry", "-Wl,--stack-first",
          "-Wl,-z,stack-size=196608", "-Wl,--strip-debug"};
}

void run_clang(const std::vector<std::string>& options, const std::vector<fs::path>& sources, const fs::path& output) {
  // Products and sums are not fused, because preprocessing has to give the same bits everywhere.
  std::vector<std::string> words = {"clang-19", "-O2", "-std=gnu11", "-ffp-contract=off", "-w", "-o", output.string()};
  for (const fs::path& source : sources) words.push_back(source.string());
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const std::string log = output.string() + ".log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, "clang-19", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) fail(ErrorCode::unavailable, "cannot start clang-19: {}", std::strerror(problem));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0)
    fail(ErrorCode::unavailable, "clang-19 cannot make {}: {}", output.filename().string(), first_error(read_text(log)));
}

}  // namespace fovea
