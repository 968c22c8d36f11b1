// SPDX-License-Identifier: Apache-2.0
/// \file
/// NumPy's .npy files (numpy.lib.format): versions 1 and 2, little-endian, in C order.
#pragma once

#include <filesystem>

#include "fovea/core/tensor.h"

namespace fovea {

/// Reads a whole file. Fails with one line on anything else; Fortran order, big-endian and structured types are refused by
/// name.
Tensor read_npy(const std::filesystem::path& path);

/// Writes a tensor like write_file(). Refuses bf16, for which NumPy has no type.
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace fovea
