// SPDX-License-Identifier: Apache-2.0
/// \file
/// Reading ONNX models (onnx.ai) of opsets 7 to 22. Everything that a node specifies is read or refused, and nothing is
/// silently ignored.
///
/// A file has [batch, channels, spatial...]. The model that is read has [batch, spatial..., channels] like all others; for a
/// convolutional network this takes no transpositions, because the weights are permuted instead. What the file computes from
/// shapes and constants is computed while reading.
/// constants is computed while reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// How a file is read.
struct OnnxReadOptions {
  /// The batch, which replaces the file's own, the first dimension of its inputs; 0 keeps it, or takes 1 when it is open. A
  /// file that was written for one batch alone may not work with another; that is an error and never a different network.
  int64_t batch = 1;
};

/// Reads a file. Inputs of three and more dimensions that the network treats as [batch, channels, spatial...] get channels
/// last, and so do results of that many dimensions; others stay as they are. Fails on a corrupt file; an operator that is not
/// supported is named with its node. Quantized models in QDQ form (QuantizeLinear and DequantizeLinear around float operators)
/// become integer operators.
InferenceModel read_onnx(const std::filesystem::path& path, const OnnxReadOptions& options = {});

/// The same from a file's content; `name` stands for the path in messages. Tensors in files of their own are refused.
InferenceModel read_onnx(std::span<const std::byte> bytes, const std::string& name, const OnnxReadOptions& options = {});

}  // namespace fovea
