// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy files, versions 1 and 2, little-endian, C order (numpy.lib.format).
#pragma once

#include <filesystem>

#include "fovea/core/tensor.h"

namespace fovea {

// Fails with one line on anything but a complete file: Fortran order, big-endian and structured types are refused by name.
Tensor read_npy(const std::filesystem::path& path);

// Atomic. bf16 has no NumPy type and is refused.
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace fovea
