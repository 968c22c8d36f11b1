// SPDX-License-Identifier: Apache-2.0
// Tensors that a file stores sparsely, in a format of the TACO family (Kjolstad et al. 2017), as pruned networks have them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/interchange/tflite/schema_generated.h"

namespace fovea::tflite {

// All elements of a tensor of `shape`, with zeros where nothing is stored. Fails, naming `user`, on positions or lengths that
// do not fit.
std::vector<std::byte> dense_bytes(const schema::SparsityParameters& sparsity, const Shape& shape, size_t element_bytes,
                                   std::span<const std::byte> stored, const std::string& user);

}  // namespace fovea::tflite
