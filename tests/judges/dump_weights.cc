// SPDX-License-Identifier: Apache-2.0
// dump_weights IN OUT.safetensors: writes the tensors that are read from a file of weights.
#include <fmt/format.h>

#include <cstdio>

#include "fovea/core/error.h"
#include "fovea/interchange/pth.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    fovea::write_safetensors(argv[2], fovea::read_weight_file(argv[1]));
  } catch (const fovea::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
