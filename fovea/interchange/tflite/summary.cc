// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/summary.h"

#include <fmt/format.h>

#include "fovea/interchange/tflite/file.h"

namespace fovea {
namespace {

std::string type_text(const tflite::FileTensor& tensor) {
  const std::string type = tflite::schema::EnumNameTensorType(tensor.type);
  if (!tensor.quantization) return type;
  const Quantization& quantization = *tensor.quantization;
  if (quantization.per_channel()) return fmt::format("{} ({} scales)", type, quantization.scales.size());
  return fmt::format("{} (scale {}, zero {})", type, quantization.scales[0], quantization.zeros[0]);
}

std::vector<FileSummary::Port> ports_of(const tflite::File& file, const std::vector<int>& tensors,
                                        const std::map<std::string, int>& aliases) {
  std::vector<FileSummary::Port> ports;
  for (const int index : tensors) {
    const tflite::FileTensor& tensor = file.tensors()[static_cast<size_t>(index)];
    FileSummary::Port port{.name = tensor.name, .type = type_text(tensor), .shape = tensor.shape, .aliases = {}};
    for (size_t i = 0; i < port.shape.size() && i < tensor.open.size(); ++i)
      if (tensor.open[i]) port.shape[i] = -1;
    for (const auto& [alias, place] : aliases)
      if (place == index) port.aliases.push_back(alias);
    ports.push_back(std::move(port));
  }
  return ports;
}

}  // namespace

FileSummary summarize_tflite(const std::filesystem::path& path) {
  const tflite::File file(path);
  FileSummary summary{.format = "TensorFlow Lite",
                      .inputs = ports_of(file, file.inputs(), file.signature_inputs()),
                      .outputs = ports_of(file, file.outputs(), file.signature_outputs()),
                      .operators = {}};
  for (const tflite::FileOperator& op : file.operators()) ++summary.operators[op.name];
  for (const tflite::FileTensor& tensor : file.tensors()) {
    if (!tensor.constant()) continue;
    summary.constants += element_count(tensor.shape);
    summary.bytes += std::ssize(tensor.data);
  }
  return summary;
}

}  // namespace fovea
