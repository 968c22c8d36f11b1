// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/safetensors.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fovea::MemoryFile file(fovea::bytes_of(data, size));
  fovea::expect_error_or_nothing([&] { fovea::read_safetensors(file.path()); });
  return 0;
}
