// SPDX-License-Identifier: Apache-2.0
// Safetensors: named tensors and a little text in one file (huggingface/safetensors, format of 2022).
//
//     u64 length of the header (little-endian) | header: JSON, padded with spaces to a multiple of 8 | data, without holes
//
// Equal contents give equal bytes: names are sorted in the header, data lie widest element first, then by name, so that every
// tensor is aligned to its element.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Checks the length of the header, its JSON, every type, shape and range of bytes (overlaps, holes, ends beyond the file)
// before it reads any data. Fails with one line naming the file and the tensor.
Safetensors read_safetensors(const std::filesystem::path& path);

// A tensor that is made when its turn to be written comes, and is gone afterwards.
struct TensorSource {
  Shape shape;
  DType dtype = DType::f32;
  std::function<Tensor()> make;
};

// Atomic: the old file stands until the new one is complete. One tensor at a time: no second copy of them is made.
void write_safetensors(const std::filesystem::path& path, const Safetensors& contents);
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorSource>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace fovea
