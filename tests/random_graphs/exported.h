// SPDX-License-Identifier: Apache-2.0
// Random networks as ONNX files, for other runtimes to judge.
#pragma once

#include <filesystem>

#include "tests/random_graphs/random_network.h"

namespace fovea {

// Writes SEED.onnx, its inputs and results as .npy in our order of dimensions, and SEED.json, which names them; NAME.moves.npy
// says how far each number may move. Writes nothing when the network has no ONNX form.
void write_exported(const std::filesystem::path& folder, int64_t seed, const RandomNetwork& network);

}  // namespace fovea
