// SPDX-License-Identifier: Apache-2.0
#include "app/file_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

std::string shape_text(const Shape& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(size < 0 ? "?" : std::to_string(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

// The meaning of the dimensions of an input or result.
std::string layout_of(const Shape& shape) {
  switch (shape.size()) {
    case 2:
      return "batch, numbers";
    case 3:
      return "batch, length, channels";
    case 4:
      return "batch, height, width, channels";
    case 5:
      return "batch, depth, height, width, channels";
    default:
      return "";
  }
}

std::string port_text(const FileSummary::Port& port) {
  std::string text = fmt::format("  {:32} {:24} {}", port.name, shape_text(port.shape), port.type);
  if (!port.aliases.empty()) text += fmt::format("; also {}", fmt::join(port.aliases, ", "));
  return text + "\n";
}

// The kinds of operators, the most frequent first.
std::vector<std::pair<std::string, int64_t>> kinds_of(const FileSummary& file) {
  std::vector<std::pair<std::string, int64_t>> kinds(file.operators.begin(), file.operators.end());
  std::ranges::stable_sort(kinds, [](const auto& a, const auto& b) { return a.second > b.second; });
  return kinds;
}

std::string text_of(const std::string& path, const FileSummary& file) {
  std::string text = fmt::format("{}: {}\n", path, file.format);
  for (const auto& [title, ports] : {std::pair{"inputs", &file.inputs}, {"results", &file.outputs}}) {
    text += fmt::format("{}\n", title);
    for (const FileSummary::Port& port : *ports) text += port_text(port);
  }
  int64_t count = 0;
  for (const auto& [kind, times] : file.operators) count += times;
  text += fmt::format("operators, {}\n", with_separators(count));
  for (const auto& [kind, times] : kinds_of(file)) text += fmt::format("  {:32} {}\n", kind, with_separators(times));
  return text + fmt::format("constants: {} numbers, {}\n", with_separators(file.constants), bytes_text(file.bytes));
}

struct ReadPort {
  std::string name;
  TensorType type;
};

// The differences between the model as it is read and the file, and what the file leaves open.
std::string text_of(const InferenceModel& model, const std::vector<ReadPort>& inputs, const std::vector<ReadPort>& results) {
  std::string text;
  int64_t parameters = 0;
  for (const auto& [name, tensor] : model.tensors) parameters += tensor.size();
  for (const auto& [title, ports] : {std::pair{"fovea reads", &inputs}, {"fovea gives", &results}}) {
    text += fmt::format("{}\n", title);
    for (const ReadPort& port : *ports) {
      text += fmt::format("  {:32} {}", port.name, to_string(port.type));
      if (const std::string layout = layout_of(port.type.shape); !layout.empty()) text += fmt::format(": {}", layout);
      text += "\n";
    }
  }
  text += fmt::format("parameters: {}\n", with_separators(parameters));
  if (!model.labels.empty())
    text += fmt::format("labels: {}, from {} to {}\n", model.labels.size(), model.labels.front(), model.labels.back());
  if (model.says_preprocessing && !model.preprocessing.mean.empty())
    text += fmt::format("pixel / 255 less [{}], over [{}]\n", fmt::join(model.preprocessing.mean, ", "),
                        fmt::join(model.preprocessing.deviation, ", "));
  return text;
}

nlohmann::ordered_json json_of(const std::vector<FileSummary::Port>& ports) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const FileSummary::Port& port : ports)
    list.push_back({{"name", port.name}, {"type", port.type}, {"shape", port.shape}, {"aliases", port.aliases}});
  return list;
}

nlohmann::ordered_json json_of(const std::vector<ReadPort>& ports) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ReadPort& port : ports) {
    nlohmann::ordered_json entry{{"name", port.name},
                                 {"type", name(port.type.dtype)},
                                 {"shape", port.type.shape},
                                 {"layout", layout_of(port.type.shape)}};
    if (port.type.quantization) {
      entry["scales"] = port.type.quantization->scales;
      entry["zeros"] = port.type.quantization->zeros;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

void print_file_summary(const CommonOptions& common, const std::string& path) {
  const FileSummary file = summarize_model_file(path);
  print_text(common, text_of(path, file));
  nlohmann::ordered_json json{{"model", path},
                              {"format", file.format},
                              {"inputs", json_of(file.inputs)},
                              {"results", json_of(file.outputs)},
                              {"operators", file.operators},
                              {"constants", file.constants},
                              {"constant_bytes", file.bytes}};
  std::optional<Error> problem;
  try {
    const InferenceModel model = open_inference_model(path, {});
    std::vector<ReadPort> inputs, results;
    int64_t parameters = 0;
    for (const Graph::Argument& argument : model.graph.arguments())
      if (argument.role == Role::input) inputs.push_back({argument.name, argument.type});
    for (const Graph::Result& result : model.graph.results()) results.push_back({result.name, result.type});
    for (const auto& [name, tensor] : model.tensors) parameters += tensor.size();
    print_text(common, text_of(model, inputs, results));
    json["reads"] = json_of(inputs);
    json["gives"] = json_of(results);
    json["parameters"] = parameters;
    json["labels"] = model.labels.size();
  } catch (const Error& error) {
    problem = error;
    json["error"] = error.what();
  }
  if (common.json) print_json(json);
  if (problem) throw *problem;
}

}  // namespace fovea
