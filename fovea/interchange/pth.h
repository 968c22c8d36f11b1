// SPDX-License-Identifier: Apache-2.0
/// \file
/// Weights as PyTorch saves them (.pth, .pt, .bin), in both of its forms: a zip file since version 1.6, and a sequence of
/// pickles before. Only tensors are read, by a reader of pickles (pickle.h) that executes nothing.
///
///     zip     NAME/data.pkl: the object, in which a tensor names its storage; NAME/data/KEY: the bytes of the storage
///     legacy  pickles: a magic number, a version, the machine, the object, the keys of the storages; then for each storage
///             its element count (i64) and its bytes
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "fovea/core/tensor.h"
#include "fovea/interchange/safetensors.h"

namespace fovea {

/// Whether the bytes begin like a file of torch.save.
bool is_pth(std::span<const std::byte> bytes);

/// The tensors of the state_dict in the file: the object itself, or what it contains as "state_dict", "model_state_dict",
/// "model" and the like. Strided and shared storages become contiguous tensors of their own. Fails, in one line that names the
/// file, the tensor and the reason, on names and opcodes that do not belong to tensors, other types, big-endian machines, and
/// ranges outside of a storage.
std::map<std::string, Tensor> read_pth(const std::filesystem::path& path);

/// The weights in a file of either kind, whatever its extension: .safetensors, or one of the above.
Safetensors read_weight_file(const std::filesystem::path& path);

}  // namespace fovea
