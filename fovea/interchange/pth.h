// SPDX-License-Identifier: Apache-2.0
// Weights as PyTorch saves them (.pth, .pt, .bin), in both of its forms: a zip file since 1.6, and before that pickles one
// after another. Tensors alone are read, by our own reader of pickles (pickle.h): nothing in the file is executed.
//
//     zip     NAME/data.pkl: the object, in which a tensor names its storage; NAME/data/KEY: the storage's bytes
//     legacy  pickles: a magic number, a version, the machine, the object, the storages' keys; then of each storage its count
//     of
//             elements (i64) and its bytes
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "fovea/core/tensor.h"
#include "fovea/interchange/safetensors.h"

namespace fovea {

// Whether the bytes begin as a file of torch.save does.
bool is_pth(std::span<const std::byte> bytes);

// The tensors of the state_dict in the file: the object itself, or what lies in it as "state_dict", "model_state_dict", "model"
// and the like. Strided and shared storages are laid out plainly. Fails with one line that names the file, the tensor, and what
// is not read: names and opcodes that are not of tensors, other types, big-endian machines, ranges outside of a storage.
std::map<std::string, Tensor> read_pth(const std::filesystem::path& path);

// Weights of any file, whatever its name ends in: .safetensors, or as above.
Safetensors read_weight_file(const std::filesystem::path& path);

}  // namespace fovea
