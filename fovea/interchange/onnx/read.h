// SPDX-License-Identifier: Apache-2.0
// ONNX models (onnx.ai) of opsets 7 to 22 become networks. What a node says is read or refused, never passed over.
//
// A file says [batch, channels, spatial...]; the model read has [batch, spatial..., channels] like every other, without
// transpositions where the network is a convolutional one: weights are permuted instead. What the file computes from shapes and
// constants is computed while reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "fovea/graph/inference_model.h"

namespace fovea {

struct OnnxReadOptions {
  // In place of the file's own, which is the first dimension of its inputs; 0: its own, of one that leaves it open 1. A file
  // that was written for one batch alone may not be read for another: that is an error, never another network.
  int64_t batch = 1;
};

// Inputs of three and more dimensions that the network treats as [batch, channels, spatial...], and results of that many, have
// channels last; others stay as they are. Fails on a damaged file; an operator fovea does not read is named with its node.
// Quantized models in QDQ form (QuantizeLinear and DequantizeLinear around float operators) become integer operators.
InferenceModel read_onnx(const std::filesystem::path& path, const OnnxReadOptions& options = {});

// The same of a file's content; `name` stands for the path in messages. Tensors in files of their own are refused.
InferenceModel read_onnx(std::span<const std::byte> bytes, const std::string& name, const OnnxReadOptions& options = {});

}  // namespace fovea
