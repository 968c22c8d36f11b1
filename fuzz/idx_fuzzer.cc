// SPDX-License-Identifier: Apache-2.0
// MNIST's files: the first two bytes give the length of the labels, and the images follow.
#include <fstream>

#include "fovea/data/sources/sources.h"
#include "fuzz/fuzz.h"

namespace {

const std::filesystem::path& folder() {
  static const std::filesystem::path path = [] {
    const std::filesystem::path made = "/dev/shm/fovea-fuzz-" + std::to_string(getpid());  // in memory; ./dev fuzz removes it
    std::filesystem::create_directories(made);
    return made;
  }();
  return path;
}

void write_part(const char* name, const uint8_t* data, size_t size) {
  std::ofstream(folder() / name, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t labels = std::min<size_t>(data[0] | data[1] << 8, size - 2);
  write_part("t10k-labels-idx1-ubyte", data + 2, labels);
  write_part("t10k-images-idx3-ubyte", data + 2 + labels, size - 2 - labels);
  fovea::expect_error_or_nothing([&] { fovea::open_mnist(folder(), fovea::Split::test); });
  return 0;
}
