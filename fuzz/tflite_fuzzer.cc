// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/read.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes = fovea::bytes_of(data, size);
  fovea::expect_error_or_nothing([&] { fovea::read_tflite({bytes.begin(), bytes.end()}, "fuzz.tflite"); });
  return 0;
}
