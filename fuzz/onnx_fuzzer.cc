// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/read.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fovea::expect_error_or_nothing([&] { fovea::read_onnx(fovea::bytes_of(data, size), "fuzz.onnx"); });
  return 0;
}
