// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/summary.h"

#include <fmt/format.h>

#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {
namespace {

std::vector<FileSummary::Port> ports_of(const std::vector<OnnxPort>& ports) {
  std::vector<FileSummary::Port> result;
  for (const OnnxPort& port : ports)
    result.push_back({.name = port.name, .type = std::string(name(port.dtype)), .shape = port.shape, .aliases = {}});
  return result;
}

}  // namespace

FileSummary summarize_onnx(const std::filesystem::path& path) {
  const OnnxFile file = read_onnx_file(path);
  FileSummary summary{.format = fmt::format("ONNX, opset {}", file.opset),
                      .inputs = ports_of(file.inputs),
                      .outputs = ports_of(file.outputs),
                      .operators = {}};
  for (const OnnxNode& node : file.nodes) {
    const bool foreign = !node.domain.empty() && node.domain != "ai.onnx";
    ++summary.operators[foreign ? node.domain + "." + node.type : node.type];
  }
  for (const auto& [name, tensor] : file.initializers) {
    summary.constants += tensor.size();
    summary.bytes += static_cast<int64_t>(tensor.bytes());
  }
  return summary;
}

}  // namespace fovea
