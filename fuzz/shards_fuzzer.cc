// SPDX-License-Identifier: Apache-2.0
// The files that list images: tar shards, TFRecord shards (also compressed) and CSV lists. The first byte selects one.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const char* names[] = {"train.tar", "train.tfrecord", "train.csv"};
  const size_t kind = data[0] % 3;
  std::ofstream(folder() / names[kind], std::ios::binary)
      .write(reinterpret_cast<const char*>(data + 1), static_cast<std::streamsize>(size - 1));
  fovea::expect_error_or_nothing([&] {
    const auto dataset = kind == 0   ? fovea::open_tar(folder(), fovea::Split::train)
                         : kind == 1 ? fovea::open_tfrecord(folder(), fovea::Split::train)
                                     : fovea::open_csv(folder() / names[2], fovea::Split::train);
    std::vector<std::byte> bytes;
    dataset->read_bytes(dataset->count() - 1, bytes);
  });
  return 0;
}
