// SPDX-License-Identifier: Apache-2.0
// ONNX files as plain structures, without their meaning (onnx/onnx.proto, IR version 3 and later).
//
// Only onnx_file.cc uses protobuf. Tensors are row-major, in ONNX's own order of dimensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

struct OnnxGraph;

using OnnxAttribute = std::variant<int64_t, float, std::string, Tensor, std::vector<int64_t>, std::vector<float>,
                                   std::shared_ptr<const OnnxGraph>>;

struct OnnxNode {
  std::string name;  // "/layer1/layer1.0/conv1/Conv"; may be empty
  std::string type;  // "Conv"
  std::string domain;
  std::vector<std::string> inputs;  // names of values; "" for an omitted optional input
  std::vector<std::string> outputs;
  std::map<std::string, OnnxAttribute> attributes;

  // The name or, without one, the first result: for errors.
  std::string title() const;
};

struct OnnxPort {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;  // -1 where the file leaves the extent open
};

// A branch of a node, which reads by name what is computed outside of it.
struct OnnxGraph {
  std::vector<OnnxNode> nodes;  // in an order of computation
  std::map<std::string, Tensor> initializers;
  std::vector<std::string> inputs, outputs;
};

// The names that a node reads: its inputs, and what its branches read from outside.
std::vector<std::string> names_read(const OnnxNode& node);

struct OnnxFile {
  int64_t opset = 13;
  std::string graph_name;
  std::vector<OnnxNode> nodes;  // in an order of computation
  std::map<std::string, Tensor> initializers;
  std::vector<OnnxPort> inputs;  // without initializers
  std::vector<OnnxPort> outputs;
  std::map<std::string, int64_t> element_types;  // in the file, by ONNX's numbers: of tensors, inputs, and described values
  std::map<std::string, std::string> metadata;
};

// Reads a file. Tensors in files of their own are read from the model's folder only. bf16, f16 and f64 become f32. Fails in one
// line on a corrupt file; refuses sparse tensors and strings, which no inference needs.
OnnxFile read_onnx_file(const std::filesystem::path& path);

// The same from a file's content; `name` stands for the path in messages, and tensors in other files are refused.
OnnxFile read_onnx_file(std::span<const std::byte> bytes, const std::string& name);

// Writes IR version 7 with the given opset; fails beyond the 2 GiB that a protobuf message can have.
void write_onnx_file(const std::filesystem::path& path, const OnnxFile& file);

}  // namespace fovea
