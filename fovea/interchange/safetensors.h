// SPDX-License-Identifier: Apache-2.0
/// \file
/// Safetensors: named tensors and some text in one file (huggingface/safetensors, format of 2022).
///
///     u64 length of the header (little-endian) | header: JSON, padded with spaces to a multiple of 8 | data, without gaps
///
/// Equal contents give equal bytes: names are sorted in the header, and the data is ordered by element size, largest first,
/// then by name, so that every tensor is aligned to its element.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

/// The content of a file.
struct Safetensors {
  std::map<std::string, Tensor> tensors;        ///< by name
  std::map<std::string, std::string> metadata;  ///< by key
};

/// Reads a file. Checks the length of the header, its JSON, and every type, shape and range of bytes (overlaps, gaps, ends
/// beyond the file) before reading any data. Fails in one line that names the file and the tensor.
Safetensors read_safetensors(const std::filesystem::path& path);

// A tensor that is made when its turn to be written comes, and is gone afterwards.
/// A tensor that is created when it is to be written, and freed afterwards.
struct TensorSource {
  Shape shape;                   ///< of the result of make()
  DType dtype = DType::f32;      ///< of the result of make()
  std::function<Tensor()> make;  ///< called once
};

/// Writes a file like OutputFile, one tensor at a time, so that no second copy of them all is made.
void write_safetensors(const std::filesystem::path& path, const Safetensors& contents);
/// The same for tensors that are created one at a time.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorSource>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace fovea
